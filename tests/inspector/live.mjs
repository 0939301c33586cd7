// Cases of snapshots, health, events and rate limits, and of a store that refuses, stops or is ill.
// Must not leave a route in place. Invariant: at the end the page is connected to the real store.
import { api, base, check, doc, must, same, save, token, until, watched } from './support.mjs';
import { openKey } from './documents.mjs';

const status = (page) => page.textContent('#integrity');

async function snapshotCases(page) {
  await check('a snapshot is made with a label', async () => {
    await save('hero', '{"hp":10,"exact":1.50}');
    await page.click('#tab-snapshots');
    await page.fill('#snapshots input', 'before the boss');
    await page.click('text=Create snapshot');
    await until(async () => (await page.textContent('#snapshots .title')) === 'before the boss', 'the snapshot');
    const { snapshots } = (await api('GET', 'snapshots')).json();
    must(snapshots.some((one) => one.label === 'before the boss'), 'the store has none');
  });
  await check('it is compared with now: what came, changed with both sides, went', async () => {
    await save('hero', '{"hp":0,"exact":1.50}');
    await save('hero/new', '1');
    await page.click('#snapshots button:text-is("Compare")');
    const result = page.locator('#snapshots .result');
    await until(async () => (await result.textContent()).includes('1 added, 1 changed, 0 removed.'), 'the comparison', 30000);
    await result.locator('summary', { hasText: 'hero' }).click();
    const table = await until(() => result.locator('.diff').textContent(), 'the difference');
    must(/\/hp\s*10\s*0/.test(table.replace(/\s+/g, ' ')), table);
  });
  await check('restoring says what would change, asks, and tells how to undo it', async () => {
    await page.click('text=Restore …');
    await until(async () => /1 document would be saved, 1 cleared/.test(await page.textContent('dialog')), 'what would change', 20000);
    await page.click('dialog button:text-is("Cancel")');
    same((await api('GET', doc('hero'))).text, '{"hp":0,"exact":1.50}', 'the document after Cancel');
    await page.click('text=Restore …');
    await page.click('dialog button:text-is("Restore it")');
    await until(async () => /Restored: 1 saved, 1 cleared. To undo it, restore snapshot-/.test(await page.textContent('#snapshots .result')), 'the result', 20000);
    same((await api('GET', doc('hero'))).text, '{"hp":10,"exact":1.50}', 'the restored document');
  });
  await check('two snapshots are compared, and one is deleted after a question', async () => {
    const select = page.locator('#snapshots select');
    const other = await until(async () => (await select.locator('option').count()) > 1 && select.locator('option').nth(1).getAttribute('value'), 'another snapshot');
    await select.selectOption(other);
    await page.click('#snapshots button:text-is("Compare")');
    await until(async () => /From before the boss to before the restore/.test(await page.textContent('#snapshots .result')), 'the comparison', 30000);
    await page.click('text=Delete …');
    await page.click('dialog button:text-is("Delete it")');
    await until(() => page.isVisible('text=Choose a snapshot to compare or restore it.'), 'the empty pane');
    const { snapshots } = (await api('GET', 'snapshots')).json();
    must(!snapshots.some((one) => one.label === 'before the boss'), 'it is still there');
  });
}

async function healthCases(page) {
  await check('health shows score, latency, growth, collections and the journal', async () => {
    await page.click('#tab-health');
    await until(async () => /\d+ of 100, (OK|DEGRADED)/.test(await page.textContent('#health .score')), 'the score');
    await until(async () => (await page.locator('#health polyline').count()) >= 3, 'the lines', 15000);
    const text = await page.textContent('#health');
    for (const part of ['p99', 'plugin_data', 'live', 'dead', 'Last checkpoint', 'Trend']) must(text.includes(part), `no ${part}`);
    same(await page.locator('#health .chart').filter({ hasText: 'Latency' }).locator('svg text').filter({ hasText: /s$/ }).count() > 0, true, 'labels with a unit');
  });
  await check('a chart tells its values to pointer and arrow keys', async () => {
    const chart = page.locator('#health .chart').filter({ hasText: 'Latency' });
    const svg = chart.locator('svg').first();
    await svg.hover({ position: { x: 120, y: 50 } });
    await until(async () => (await svg.locator('circle').count()) >= 1, 'the marks');
    await svg.focus();
    await page.keyboard.press('Home');
    const first = await chart.locator('.readout').textContent();
    await page.keyboard.press('ArrowRight');
    const next = await chart.locator('.readout').textContent();
    must(first !== next && /save .* load .* sync/.test(next), `${first} / ${next}`);
  });
  await check('the full check says that it is busy, then what it found', async () => {
    await page.click('text=Check everything on disk');
    await until(async () => /Checking …/.test(await page.textContent('#health .primary, #health button:disabled')), 'the busy state', 2000).catch(() => {});
    await until(async () => /Full check of .*(OK|DEGRADED|CORRUPT)/.test(await page.textContent('#health')), 'the result', 60000);
    return (await page.textContent('#health p:has-text("Full check of")')).trim();
  });
  await check('rate limits are told as numbers beside the bars', async () => {
    await page.click('#tab-limits');
    await until(async () => /status.*\/api\/database\/status\s*\d+ of [\d,]+/.test((await page.textContent('#limits')).replace(/\s+/g, ' ')), 'the row of status');
    must((await page.locator('#limits .bar').count()) > 10, 'endpoints are missing');
  });
}

async function eventCases(page) {
  const list = page.locator('#events .list').first();
  await check('a save by somebody else appears among the events', async () => {
    await page.click('#tab-events');
    await save('event/one', '{"n":12345678901234567890}');
    await until(async () => (await list.textContent()).includes('event/one'), 'the event');
    await list.locator('.row', { hasText: 'event/one' }).first().click();
    must((await page.textContent('#events .tree')).includes('"event/one"'), 'the event in full');
  });
  await check('the open document and the list follow what others save', async () => {
    await openKey(page, 'event/one');
    const before = await page.textContent('.keys .revision');
    await save('event/one', '{"n":"changed elsewhere"}');
    await until(async () => (await page.textContent('.document .tree')).includes('changed elsewhere'), 'the document');
    await until(async () => (await page.textContent('.keys .revision')) !== before, 'the list');
    await save('event/one/more', '1');
    await until(async () => (await page.locator('.keys .row').count()) === 2, 'the new key in the list');
    await page.click('.document button:text-is("Close")');
    await page.locator('.keys input').first().fill('');
  });
  await check('pausing keeps the list still, and counts', async () => {
    await page.click('#tab-events');
    await page.click('#events button:text-is("Pause")');
    await save('event/two', '2');
    await until(async () => (await page.textContent('#events .progress')).includes('paused, 1 new'), 'the count');
    must(!(await list.textContent()).includes('event/two'), 'the list moved');
    await page.click('#events button:text-is("Resume")');
    await until(async () => (await list.textContent()).includes('event/two'), 'the event');
  });
}

/** Lets the stream end, so that the page has to come back; what `body` has comes first. */
async function cutStream(page, body) {
  let headers = null;
  let times = 0;
  await page.route('**/api/database/events', async (route) => {
    times += 1;
    if (times === 1) return route.fulfill({ status: 200, contentType: 'text/event-stream', body });
    headers = route.request().headers();
    return route.continue();
  });
  await page.reload();
  await until(() => headers, 'the second connection', 20000);
  await page.unroute('**/api/database/events');
  return headers;
}

async function reconnectCases(page) {
  await check('a stream that ends is taken up where it was', async () => {
    await page.click('#tab-events');
    const { sequence } = (await api('GET', 'status')).json();
    const event = JSON.stringify({ topic: 'quest_done', sequence, id: 1, source: 'test', time_ms: Date.now(), payload: { n: 1 } });
    const headers = await cutStream(page, `: alive\n\nid: ${sequence}\nevent: quest_done\ndata: ${event}\n\n`);
    same(headers['last-event-id'], String(sequence), 'Last-Event-ID');
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the connection', 20000);
    await save('event/three', '3');
    await page.click('#tab-events');
    await until(async () => (await page.textContent('#events .list')).includes('event/three'), 'an event after it', 15000);
    await page.selectOption('#events select', 'quest_done');
    await until(async () => (await page.locator('#events .list').first().locator('.row').count()) === 1, 'only the topic');
    await page.selectOption('#events select', '');
  });
  await check('at most 2,000 events are kept, and few of them are in the page', async () => {
    const many = Array.from({ length: 2500 }, (_, n) => `event: tick\ndata: ${JSON.stringify({ topic: 'tick', sequence: n, id: n, source: '', time_ms: Date.now(), payload: { n } })}\n\n`).join('');
    await cutStream(page, many);
    await page.click('#tab-events');
    await until(async () => (await page.textContent('#events .progress')).includes('2,000 events shown · the newest 2,000 are kept'), 'the line');
    must((await page.locator('#events .row').count()) < 80, 'too many rows');
  });
}

const absent = (words) => (route) => route.fulfill({
  status: 501, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Not Implemented', status: 501, detail: words }),
});

async function absentCases(page) {
  await check('an event of any form is shown and breaks nothing', async () => {
    const event = (topic, data) => `event: ${topic}\ndata: ${data}\n\n`;
    await cutStream(page, event('odd', '{"payload":{"changes":[null]}}') + event('odd', '<img src=x onerror=window.hit=5>') +
      event('database_changed', '{"payload":null}') + event('odd', '7'));
    await page.click('#tab-events');
    await until(async () => (await page.textContent('#events .list')).includes('onerror'), 'the events');
    for (const row of await page.locator('#events .list').first().locator('.row').all()) await row.click();
    same(await page.evaluate(() => window.hit), undefined, 'what the markup did');
  });
  await check('a build without health is connected all the same, and says so', async () => {
    await page.route('**/api/database/health*', absent('this build of the library has no analytics'));
    await page.reload();
    await page.click('#tab-health');
    await until(() => page.isVisible('text=this build of the library has no analytics'), 'the words');
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the connection');
    await page.unroute('**/api/database/health*');
  });
  await check('a server without a stream is asked for news instead', async () => {
    await page.route('**/api/database/events', absent('a stream goes through the built-in server alone'));
    await page.reload();
    await openKey(page, 'event/one');
    await save('event/one', '{"n":"without a stream"}');
    await until(async () => (await page.textContent('.document .tree')).includes('without a stream'), 'the document', 15000);
    await page.click('#tab-events');
    must((await page.textContent('#events')).includes('a stream goes through the built-in server alone'), 'no words');
    await page.unroute('**/api/database/events');
    await page.reload();
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the connection');
  });
}

async function refusalCases(page) {
  await check('a store that asks for patience is shown so, in words', async () => {
    await page.route('**/api/database/health*', (route) => route.fulfill({
      status: 429, contentType: 'application/problem+json', headers: { 'Retry-After': '1' },
      body: JSON.stringify({ type: 'about:blank', title: 'Too Many Requests', status: 429, detail: 'health is limited to 60 requests a minute.' }),
    }));
    await until(async () => (await page.textContent('#connection')).includes('health is limited to 60 requests a minute. Try again in 1 s.'), 'the words');
    await page.unroute('**/api/database/health*');
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the recovery', 15000);
  });
  await check('a store that is gone is shown so, and found again', async () => {
    await page.route('**/api/**', (route) => route.abort());
    await until(async () => (await page.textContent('#connection')) === 'Not reachable', 'the words');
    same((await status(page)).trim(), 'Not reachable', 'the status');
    await page.click('#tab-limits');
    await until(async () => (await page.textContent('#limits')).includes('Is the program that opened it still running?'), 'the words in the view');
    await page.unroute('**/api/**');
    await page.click('#limits button:text-is("Try again")');
    await until(async () => (await page.textContent('#limits')).includes(' of '), 'the table');
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the recovery', 15000);
  });
  await check('a damaged store is told by word, shape and cause', async () => {
    await page.route('**/api/database/health*', async (route) => {
      const real = await (await route.fetch()).json();
      Object.assign(real, { integrity_status: 'CORRUPT', score: 0, causes: [{ file: 'journal-7', offset: 4711, reason: '<b>the checksum does not match</b>' }] });
      await route.fulfill({ json: real });
    });
    await until(async () => (await status(page)).trim() === 'CORRUPT', 'the word', 15000);
    must(await page.locator('#integrity path.shape').count() === 1, 'no shape');
    await page.click('#tab-health');
    const text = await page.textContent('#health');
    must(text.includes('journal-7') && text.includes('4,711') && text.includes('<b>the checksum'), text);
    await page.unroute('**/api/database/health*');
    await until(async () => (await status(page)).trim() === 'OK', 'the recovery', 15000);
  });
}

async function offCases(page) {
  await check('where writing is not allowed, the controls are off and say why', async () => {
    await page.route('**/api/database/status', async (route) => {
      const real = await (await route.fetch()).json();
      await route.fulfill({ json: { ...real, write_allowed: false } });
    });
    await page.reload();
    await until(async () => (await page.textContent('#facts')).includes('reading only'), 'the header');
    await page.click('#tab-snapshots');
    must(await page.isDisabled('text=Create snapshot'), 'Create is on');
    must((await page.textContent('#snapshots')).includes('Off: the program did not allow writing here (option allow_write).'), 'no reason');
    await openKey(page, 'hero');
    must((await page.isDisabled('.document button:text-is("Edit")')) && (await page.isDisabled('text=Clear …')), 'Edit is on');
    must((await page.textContent('.document')).includes('Off: the program did not allow writing'), 'no reason');
    await page.unroute('**/api/database/status');
    await page.reload();
    await until(async () => (await page.textContent('#facts')).includes('writing allowed'), 'the header');
  });
}

async function tokenCases(context, trouble) {
  await check('without a token, or with a wrong one, a field asks for it', async () => {
    const page = await watched(context, trouble);
    await page.goto(`${base}/`);
    await until(() => page.isVisible('#ask'), 'the question');
    must(!(await page.isVisible('#work')), 'the views are in sight');
    same(await page.evaluate(() => document.activeElement.id), 'token', 'the focus');
    must(!(await page.textContent('#ask-why')).includes('refused'), 'nothing was refused yet');
    await page.keyboard.type('not the right token');
    await page.keyboard.press('Enter');
    await until(async () => (await page.isVisible('#ask')) && (await page.textContent('#ask-why')).startsWith('The token was refused.'), 'the reason');
    await page.fill('#token', token);
    await page.click('text=Use this token');
    await until(async () => (await page.locator('.keys .row').count()) > 5, 'the documents');
    must(!(await page.isVisible('#ask')), 'it still asks');
    await until(async () => (await page.textContent('#connection')) === 'Live', 'the connection', 15000);
    await page.close();
  });
}

export async function liveCases(page, context, trouble) {
  await snapshotCases(page);
  await healthCases(page);
  await eventCases(page);
  await refusalCases(page);
  await reconnectCases(page);
  await absentCases(page);
  await offCases(page);
  await tokenCases(context, trouble);
}
