// What the cases of the inspector's test share: the browser, the API from outside of the page, and the count of results.
// Must not know a case. Invariant: a case that fails is printed with its reason and the next one starts all the same.
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const [base, token, folder] = process.argv.slice(2);
const load = createRequire(join(folder, 'node_modules', 'x.js'));
export const { chromium } = load('playwright-core');
export const axePath = load.resolve('axe-core/axe.min.js');
export const shots = join(folder, 'screenshots');
export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

let passed = 0;
let failed = 0;

export async function check(name, run) {
  const began = Date.now();
  try {
    const note = await run();
    passed += 1;
    console.log(`ok      ${name}${note ? ` (${note})` : ''}  ${Date.now() - began} ms`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${String(error.stack ?? error).split('\n').slice(0, 6).join('\n        ')}`);
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

export function must(condition, what) {
  if (!condition) throw new Error(what);
}

export function same(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

export const wait = (ms) => new Promise((resume) => setTimeout(resume, ms));

/** Until `find` gives something, which is then given. */
export async function until(find, what, ms = 8000) {
  let last;
  for (const end = Date.now() + ms; Date.now() < end; await wait(40)) {
    try {
      last = await find();
      if (last) return last;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`${what} did not come within ${ms} ms; last: ${last}`);
}

/** A request to the store from outside of the page. */
export async function api(method, path, body, headers = {}) {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  for (;;) {
    const response = await fetch(`${base}/api/database/${path}`, { method, body, headers: { Authorization: `Bearer ${token}`, ...type, ...headers } });
    const text = await response.text();
    if (response.status === 429) {
      await wait(1000 * Number(response.headers.get('retry-after') || 1));
      continue;
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return { text, etag: response.headers.get('etag'), json: () => JSON.parse(text) };
  }
}

export const doc = (key) => `documents/${encodeURIComponent(key)}`;
export const save = (key, text) => api('PUT', doc(key), text);

/** A page that notes all that it should never see: errors, foreign requests, alerts. */
export async function watched(context, trouble) {
  const page = await context.newPage();
  page.on('pageerror', (error) => trouble.push(`error in the page: ${error.stack}`));
  page.on('dialog', (dialog) => {
    trouble.push(`a native dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith('data:')) trouble.push(`a request to ${url}`);
    if (url.includes(token)) trouble.push(`the token in the address of a request: ${url}`);
  });
  page.on('console', (message) => {
    // What the network refuses on purpose in these cases is said by the browser itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) trouble.push(`console: ${message.text()}`);
  });
  return page;
}
