// Cases of those who use no mouse, of screen readers (by axe-core), and of the eye: screenshots in both schemes.
// Must not need a document that it does not save itself. Invariant: each view is judged with something in it, not empty.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { axePath, check, must, same, save, shots, until, wait } from './support.mjs';
import { openKey } from './documents.mjs';

const VIEWS = ['documents', 'snapshots', 'health', 'events', 'limits'];
const focused = (page) => page.evaluate(() => {
  const { activeElement: one } = document;
  return one.id || one.getAttribute('aria-label') || one.textContent.slice(0, 30) || one.tagName;
});
const hasOutline = (page) => page.evaluate(() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
});

async function keyboardCases(page) {
  await check('tabs go by arrow keys, and one of them is in the order of Tab', async () => {
    await page.click('#tab-documents');
    for (const name of ['snapshots', 'health', 'events', 'limits', 'documents']) {
      await page.keyboard.press('ArrowRight');
      same(await focused(page), `tab-${name}`, 'the focus');
      must(await page.isVisible(`#${name}`), `${name} is not in sight`);
      same(await page.locator('[role=tab][tabindex="0"]').count(), 1, 'tabs in the order');
      same(await page.locator('[role=tab][aria-selected=true]').getAttribute('id'), `tab-${name}`, 'the chosen tab');
    }
    await page.keyboard.press('End');
    same(await focused(page), 'tab-limits', 'End');
    await page.keyboard.press('Home');
    same(await focused(page), 'tab-documents', 'Home');
  });
  await check('/ searches, j moves, Enter opens, Escape closes and comes back', async () => {
    await page.keyboard.press('3');
    await page.keyboard.press('/');
    must(await page.isVisible('#documents'), 'the documents are not in sight');
    await page.keyboard.type('item/00001');
    await until(async () => (await page.textContent('.keys .progress')) === '10 loaded', 'the ten');
    await page.keyboard.press('Enter');
    same(await focused(page), 'Documents', 'the focus');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    must(await hasOutline(page), 'the list has no visible focus');
    const id = await page.locator('.keys .list').getAttribute('aria-activedescendant');
    same(await page.locator(`#${id} .key`).getAttribute('title'), 'item/000011', 'the active row');
    await page.keyboard.press('Enter');
    await until(async () => (await focused(page)) === 'Document item/000011', 'the focus in the document');
    await page.keyboard.press('ArrowDown');
    same(await page.locator('.document .row.active').textContent().then((text) => text.includes('"id": 11')), true, 'the active member');
    await page.keyboard.press('Escape');
    await until(async () => (await focused(page)) === 'Documents', 'the focus back in the list');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    same(await page.locator('.keys input').first().inputValue(), '', 'the search after Escape');
  });
}

async function reachCases(page) {
  await check('? lists the keys, Escape closes the list', async () => {
    await page.keyboard.press('?');
    must(await page.isVisible('dialog'), 'no list of keys');
    await page.keyboard.press('Escape');
    must(!(await page.isVisible('dialog')), 'it is still there');
  });
  await check('Tab reaches everything, with a visible focus, and is not caught anywhere', async () => {
    for (const view of VIEWS) {
      await page.click(`#tab-${view}`);
      const wanted = await page.locator(`header button, #${view} button:enabled:visible, #${view} input:enabled:visible, #${view} select:visible, #${view} [tabindex="0"]:visible`).count();
      const reached = new Set();
      for (let step = 0; step < wanted + 12; step += 1) {
        await page.keyboard.press('Tab');
        const isIn = await page.evaluate((name) => {
          const one = document.activeElement;
          one.dataset.reached ??= String(Math.random());
          return one.closest(`#${name}, header`) ? one.dataset.reached : null;
        }, view);
        if (isIn) {
          reached.add(isIn);
          must(await hasOutline(page), `${await focused(page)} in ${view} has no visible focus`);
        }
      }
      must(reached.size >= wanted, `${view}: ${reached.size} of ${wanted} reached`);
    }
  });
}

async function judge(page, view, scheme) {
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.map((one) => `${one.impact} ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`);
  });
  const serious = found.filter((one) => /^(serious|critical)/.test(one));
  must(serious.length === 0, `${view} ${scheme}:\n${serious.join('\n')}`);
  return found;
}

async function looks(page, scheme, size) {
  for (const view of VIEWS) {
    await page.click(`#tab-${view}`);
    if (view === 'documents') await openKey(page, 'exact/number');
    if (view === 'snapshots') {
      await until(async () => (await page.locator('#snapshots .row').count()) > 0, 'a snapshot');
      await page.locator('#snapshots .row').first().click();
      await page.click('#snapshots button:text-is("Compare")');
      await until(async () => /removed\.|No document differs/.test(await page.textContent('#snapshots .result')), 'the comparison', 30000);
      if (await page.locator('#snapshots summary').count()) await page.locator('#snapshots summary').first().click();
    }
    if (view === 'events') {
      await save('hero', `{"hp":${Date.now()},"look":"${scheme}"}`);
      await until(async () => (await page.locator('#events .row').count()) > 0, 'an event');
      await page.locator('#events .row').first().click();
    }
    if (view === 'limits') await until(async () => (await page.textContent('#limits')).includes(' of '), 'the limits');
    await wait(400);
    await page.mouse.move(640, 4);
    await page.screenshot({ path: join(shots, `${view}-${scheme}-${size}.png`) });
  }
}

async function schemeCases(page) {
  await page.evaluate(readFileSync(axePath, 'utf8'));
  for (const scheme of ['light', 'dark']) {
    await check(`axe finds nothing serious, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      const lesser = [];
      for (const view of VIEWS) {
        await page.click(`#tab-${view}`);
        if (view === 'documents') await openKey(page, 'exact/number');
        await wait(300);
        lesser.push(...await judge(page, view, scheme));
      }
      await page.keyboard.press('?');
      lesser.push(...await judge(page, 'keys', scheme));
      await page.keyboard.press('Escape');
      return `lesser: ${[...new Set(lesser)].join('; ') || 'none'}`;
    });
    await check(`screenshots, ${scheme}`, () => looks(page, scheme, '1280x720'));
  }
  await check('nothing is cut off at 900 wide', async () => {
    await page.setViewportSize({ width: 900, height: 720 });
    await page.emulateMedia({ colorScheme: 'light' });
    for (const view of VIEWS) {
      await page.click(`#tab-${view}`);
      await wait(200);
      const wide = await page.evaluate((name) => [document.documentElement, document.getElementById(name)].map((one) => one.scrollWidth - one.clientWidth), view);
      must(Math.max(...wide) <= 0, `${view} is too wide by ${wide}`);
    }
    await looks(page, 'light', '900x720');
    await page.setViewportSize({ width: 1280, height: 720 });
  });
  await check('nothing moves for those who want it so', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    same(await page.evaluate(() => getComputedStyle(document.querySelector('button')).transitionDuration), '0s', 'the transition');
  });
}

export async function accessCases(page) {
  await page.reload();
  await until(async () => (await page.locator('.keys .row').count()) > 5, 'the documents');
  await keyboardCases(page);
  await reachCases(page);
  await schemeCases(page);
}
