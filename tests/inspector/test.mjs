// Drives the real page against a running store: every tab, as a developer would, and as somebody who wishes it ill.
// Must not look into the page's modules: only what is on the screen counts. Invariant: each case begins from the page as
// the case before left it, and says what it needs of it.
import { join } from 'node:path';
import { FLAGS, api, base, check, chromium, finish, folder, must, same, save, token, until, watched } from './support.mjs';
import { documentCases } from './documents.mjs';
import { liveCases } from './live.mjs';
import { accessCases } from './access.mjs';

const MANY = 100000;
const trouble = [];

async function prepare() {
  const all = {};
  for (let n = 0; n < MANY; n += 1) all[`item/${String(n).padStart(6, '0')}`] = { id: n, name: `Item ${n}`, tags: ['a', 'b'] };
  await api('POST', 'import?format=json&mode=merge&on_conflict=overwrite', JSON.stringify(all));
  await save('exact/number', '{"big":123456789012345678901234567890,"cents":1.10,"huge":1e400,"same":1,"same":2,"text":"\\u00e9\\n"}');
  await save('<img src=x onerror="window.hit=1">', '{"<img src=x onerror=\\"window.hit=2\\">":"<script>window.hit=3</script><img src=x onerror=window.hit=4>"}');
  await save('odd/../a b%2F?#ü', '{"odd":true}');
  for (const text of ['[{"name":"Ash","hp":123456789012345678901234567890}]', '[{"name":"Ash","hp":123456789012345678901234567891},{"name":"Bryn"}]']) {
    await save('character_roster', text);
  }
}

async function open(context) {
  const page = await watched(context, trouble);
  await page.goto(`${base}/#token=${encodeURIComponent(token)}`);
  return page;
}

const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
  executablePath: '/usr/bin/chromium', headless: true, args: FLAGS, viewport: { width: 1280, height: 720 }, colorScheme: 'light',
});
context.setDefaultTimeout(8000);
try {
  await check(`${MANY} documents are there`, prepare);
  const page = await open(context);
  await check('the token leaves the address, and stays in the session', async () => {
    await until(async () => (await page.textContent('#integrity')).trim() === 'OK', 'the status');
    same(new URL(page.url()).hash, '', 'the fragment');
    same(await page.evaluate(() => sessionStorage.getItem('coffer-token')), token, 'the token in the session');
    must(!(await page.content()).includes(token), 'the token stands in the page');
  });
  await check('the header tells status by text and shape, documents, sequence, version, access, connection', async () => {
    must(await page.isVisible('#integrity svg circle'), 'no shape');
    const facts = (await page.textContent('#facts')).replace(/\s+/g, ' ');
    for (const fact of ['Documents', 'Sequence', 'Version', 'writing allowed']) must(facts.includes(fact), `no ${fact} in ${facts}`);
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the connection');
  });
  await documentCases(page, context);
  await liveCases(page, context, trouble);
  await accessCases(page, context, trouble);
  await check('no error, no native dialog, no request elsewhere, no token in an address', () => {
    must(trouble.length === 0, trouble.join('\n'));
  });
  await check('all of the page is below 100 KB', async () => {
    const names = await page.evaluate(() => performance.getEntriesByType('resource').map((one) => one.name).filter((name) => name.includes('/inspector/')));
    let total = 0;
    for (const name of [...new Set(names), `${base}/`]) total += (await (await fetch(name)).arrayBuffer()).byteLength;
    must(total < 100 * 1024, `it is ${total} bytes`);
    return `${total} bytes`;
  });
} finally {
  await context.close();
}
finish();
