// Cases of the documents: the long list, the open document, writing, versions.
// Must not wait for a fixed time where something on the screen can be waited for. Invariant: at the end the view of
// documents is in sight and no document is open.
import { api, check, doc, must, same, save, until, wait } from './support.mjs';

const MOST_ROWS = 80;
const keys = (page) => page.locator('.keys .list');
const rows = (page) => page.locator('.keys .row');
const line = (page) => page.textContent('.keys .progress');
const search = (page) => page.locator('.keys input').nth(0);

async function find(page, key) {
  await page.click('#tab-documents');
  await page.locator('.keys .field input').nth(1).fill('');
  await search(page).fill(key);
  await until(async () => (await rows(page).first().locator('.key').getAttribute('title')) === key, `the key ${key}`);
}

export async function openKey(page, key) {
  await find(page, key);
  await rows(page).first().click();
  await until(async () => (await page.locator('.document .row, .document .raw, .document .versions').count()) > 0, `the document ${key}`);
}

async function listCases(page) {
  await check('the fullest collection is open, and says how much of it is loaded', async () => {
    await until(async () => /^1,000 loaded of 100,\d{3}$/.test(await line(page)), 'the line');
    return line(page);
  });
  await check('few rows are in the page while thousands are scrolled through', async () => {
    const found = await page.evaluate(async () => {
      const list = document.querySelector('.keys .list');
      const frames = async (step) => {
        const times = [];
        for (let last = performance.now(); times.length < 120; last = performance.now()) {
          step();
          await new Promise(requestAnimationFrame);
          times.push(performance.now() - last);
        }
        return times.sort((a, b) => a - b);
      };
      let most = 0;
      // What else runs on the machine takes frames too, so those without scrolling are measured beside.
      const still = await frames(() => {});
      const scrolled = await frames(() => {
        list.scrollTop += 260;
        most = Math.max(most, list.querySelectorAll('.row').length);
      });
      return { most, still: still[60], p50: scrolled[60], p95: scrolled[114], max: scrolled[119] };
    });
    must(found.most <= MOST_ROWS, `${found.most} rows`);
    must(found.p50 < 2 * found.still + 5, `frames of ${found.p50} ms, without scrolling ${found.still} ms`);
    const told = ['still', 'p50', 'p95', 'max'].map((name) => `${name} ${found[name].toFixed(1)}`);
    return `at most ${found.most} rows; frames: ${told.join(', ')} ms`;
  });
  await check('End loads to the end, telling how far it is, and can be stopped', async () => {
    await keys(page).focus();
    await page.keyboard.press('End');
    await until(async () => /^Loading: [\d,]+ loaded of 100,/.test(await line(page)), 'the progress');
    await page.keyboard.press('Escape');
    await until(async () => !(await line(page)).startsWith('Loading'), 'the stop');
    must(await page.isVisible('text=Load all'), 'it was not stopped');
    const stopped = await line(page);
    await keys(page).focus();
    await page.keyboard.press('End');
    await until(async () => /^100,\d{3} loaded$/.test(await line(page)), 'the end', 60000);
    await until(async () => (await page.locator('.keys .row.active .key').getAttribute('title')) >= 'item/099999', 'the last key');
    must((await rows(page).count()) <= MOST_ROWS, 'too many rows');
    return `stopped at: ${stopped}`;
  });
}

async function wholeListCases(page) {
  await check('with all loaded, it scrolls as before', async () => {
    const seen = await page.evaluate(async () => {
      const list = document.querySelector('.keys .list');
      const titles = [];
      let most = 0;
      const times = [];
      for (let step = 0; step <= 100; step += 1) {
        const began = performance.now();
        list.scrollTop = (list.scrollHeight - list.clientHeight) * (step / 100);
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - began);
        most = Math.max(most, list.querySelectorAll('.row').length);
        if (step === 50) titles.push(list.querySelector('.row .key').title);
      }
      return { most, titles, p95: times.sort((a, b) => a - b)[95] };
    });
    must(seen.most <= MOST_ROWS && /^item\/0[45]/.test(seen.titles[0]), JSON.stringify(seen));
    return JSON.stringify(seen);
  });
  await check('the filter looks through what is loaded', async () => {
    await page.locator('.keys .field input').nth(1).fill('04242');
    await until(async () => /^11 match among 100,\d{3} loaded$/.test(await line(page)), 'the count of matches');
    await page.locator('.keys .field input').nth(1).fill('no such thing');
    await until(() => page.isVisible('text=No loaded key has that in it.'), 'the words for nothing');
    await page.locator('.keys .field input').nth(1).fill('');
  });
  await check('the search asks the store, by prefix', async () => {
    const asked = page.waitForRequest((request) => request.url().includes('prefix=item%2F0500'));
    await search(page).fill('item/0500');
    await asked;
    await until(async () => (await line(page)) === '100 loaded', 'the hundred');
    await search(page).fill('nothing begins so');
    await until(() => page.isVisible('text=No key begins so.'), 'the words for nothing');
    await search(page).fill('');
    await until(async () => /^1,000 loaded of/.test(await line(page)), 'the first page');
  });
}

async function readCases(page, context) {
  await check('numbers stand digit for digit, and doubled members are both there', async () => {
    await openKey(page, 'exact/number');
    const tree = await page.textContent('.document .tree');
    for (const token of ['123456789012345678901234567890', '1.10', '1e400', '"\\u00e9\\n"']) must(tree.includes(token), `no ${token} in ${tree}`);
    same(await page.locator('.document .row', { hasText: '"same"' }).count(), 2, 'the doubled member');
    await page.click('.document button:text-is("Raw")');
    same(await page.textContent('.document .raw'), (await api('GET', doc('exact/number'))).text, 'the raw text');
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('.document button:text-is("Copy")');
    await until(() => page.isVisible('text=Copied'), 'the word that it was copied');
    same(await page.evaluate(() => navigator.clipboard.readText()), (await api('GET', doc('exact/number'))).text, 'the clipboard');
    await page.click('.document button:text-is("Tree")');
  });
  await check('revision, time and size of the document are told', async () => {
    const facts = await page.textContent('.document .facts');
    const text = (await api('GET', doc('exact/number'))).text;
    must(/Revision\d+Saved20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/.test(facts) && facts.includes(`${text.length} B`), facts);
    return facts;
  });
  await check('branches open and close with the arrow keys and the pointer', async () => {
    await openKey(page, 'item/000042');
    same(await page.locator('.document .row').count(), 6, 'all rows');
    await page.locator('.document .row', { hasText: 'tags' }).click();
    same(await page.locator('.document .row').count(), 4, 'rows when tags are closed');
    await page.locator('.document .tree').focus();
    await page.keyboard.press('ArrowRight');
    same(await page.locator('.document .row').count(), 6, 'rows when tags are open');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    same(await page.locator('.document .row').count(), 1, 'rows when all is closed');
  });
  await check('markup in keys and values is text and does nothing', async () => {
    await openKey(page, '<img src=x onerror="window.hit=1">');
    await page.click('.document button:text-is("Raw")');
    await page.click('.document button:text-is("Tree")');
    await wait(300);
    must((await page.textContent('.document')).includes('<script>window.hit=3</script>'), 'the value is not shown');
    same(await page.evaluate(() => document.images.length + document.querySelectorAll('main script').length), 0, 'elements made of data');
    same(await page.evaluate(() => window.hit), undefined, 'what the markup did');
  });
  await check('a key with dots, slashes, spaces and percent signs opens', async () => {
    await openKey(page, 'odd/../a b%2F?#ü');
    must((await page.textContent('.document .tree')).includes('"odd": true'), 'another document');
  });
}

const area = (page) => page.locator('.editor textarea');
const revision = async (key) => (await api('GET', doc(key))).etag;

async function writeCases(page) {
  await check('editing and saving replaces the revision that was read', async () => {
    await save('edit/me', '{"hp":1}');
    await openKey(page, 'edit/me');
    const before = await revision('edit/me');
    await page.click('.document button:text-is("Edit")');
    same(await area(page).inputValue(), '{"hp":1}', 'the text to edit');
    await area(page).fill('{"hp":98765432109876543210.50}');
    await page.click('.editor button:text-is("Save")');
    await until(async () => (await page.textContent('.document')).includes('98765432109876543210.50'), 'the saved document');
    const after = await api('GET', doc('edit/me'));
    same(after.text, '{"hp":98765432109876543210.50}', 'what was saved');
    must(after.etag !== before, 'the revision stayed');
  });
  await check('a text that is no JSON is refused in words, where it is typed', async () => {
    await page.click('.document button:text-is("Edit")');
    await area(page).fill('{"hp":');
    await page.click('.editor button:text-is("Save")');
    await until(async () => (await page.textContent('.editor [role=alert]')).startsWith('It was not saved.'), 'the reason');
    return page.textContent('.editor [role=alert]');
  });
  await check('a conflict shows what is there now, and nothing is lost until somebody chooses', async () => {
    await area(page).fill('{"hp":2,"mine":true}');
    await save('edit/me', '{"hp":3,"theirs":true}');
    await until(async () => (await page.isVisible('.editor .state')) && (await page.textContent('.editor .state')).includes('Saving will ask'), 'the warning');
    await page.click('.editor button:text-is("Save")');
    await until(() => page.isVisible('.conflict'), 'the conflict');
    must((await page.textContent('.conflict')).includes('{"hp":3,"theirs":true}'), 'not what is there now');
    same(await area(page).inputValue(), '{"hp":2,"mine":true}', 'what was typed');
    same((await api('GET', doc('edit/me'))).text, '{"hp":3,"theirs":true}', 'what is in the store');
    await page.click('text=Save mine over it');
    await until(async () => (await api('GET', doc('edit/me'))).text === '{"hp":2,"mine":true}', 'mine');
    await until(async () => (await page.textContent('.document')).includes('"mine": true'), 'mine on the screen');
  });
  await check('or one takes what is there now', async () => {
    await page.click('.document button:text-is("Edit")');
    await area(page).fill('{"hp":4}');
    await save('edit/me', '{"hp":5,"theirs":true}');
    await page.click('.editor button:text-is("Save")');
    await page.click('text=Take what is there now');
    await until(async () => (await page.textContent('.document')).includes('"hp": 5'), 'theirs');
    same((await api('GET', doc('edit/me'))).text, '{"hp":5,"theirs":true}', 'what is in the store');
  });
}

async function carefulCases(page) {
  await check('typed text is not thrown away without a question', async () => {
    await page.click('.document button:text-is("Edit")');
    await area(page).fill('{"hp":6}');
    await page.keyboard.press('Escape');
    await until(() => page.isVisible('text=Discard your changes?'), 'the question');
    await page.click('dialog button:text-is("Cancel")');
    same(await area(page).inputValue(), '{"hp":6}', 'what was typed');
    await area(page).focus();
    await page.keyboard.press('Escape');
    await page.click('dialog button:text-is("Discard them")');
    await until(async () => (await page.textContent('.document')).includes('"hp": 5'), 'the document');
  });
  await check('clearing asks first, and Cancel leaves it', async () => {
    await page.click('text=Clear …');
    await until(() => page.isVisible('text=Clear this document?'), 'the question');
    await page.click('dialog button:text-is("Cancel")');
    await revision('edit/me');
    await page.click('text=Clear …');
    await page.click('dialog button:text-is("Clear it")');
    await until(() => page.isVisible('text=Choose a document to read it here.'), 'the empty pane');
    const gone = await api('GET', doc('edit/me')).catch((error) => error.message);
    must(String(gone).includes('404'), `it is still there: ${gone}`);
  });
}

async function versionCases(page) {
  await check('versions of a Tier 1 document are listed and compared, both sides digit for digit', async () => {
    await page.click('.collections .row:has-text("character_roster")');
    await until(async () => (await rows(page).locator('.key[title=character_roster]').count()) === 1, 'the roster');
    await rows(page).locator('.key[title=character_roster]').click();
    await page.click('.document button:text-is("Versions")');
    await page.click('.versions button:text-is("Compare")');
    const table = await until(() => page.textContent('.versions .diff'), 'the difference');
    for (const side of ['123456789012345678901234567890', '123456789012345678901234567891', '"Bryn"']) must(table.includes(side), `no ${side} in ${table}`);
    await page.locator('.versions button:text-is("Show")').first().click();
    await until(async () => (await page.textContent('.versions .tree')).includes('"Bryn"'), 'the version itself');
    await page.click('.document button:text-is("Tree")');
    await page.click('.document button:text-is("Close")');
    await page.click('.collections .row:has-text("plugin_data")');
  });
}

export async function documentCases(page, context) {
  await listCases(page);
  await wholeListCases(page);
  await readCases(page, context);
  await writeCases(page);
  await carefulCases(page);
  await versionCases(page);
}
