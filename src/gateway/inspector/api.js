// HTTP with the store: token, requests, problems, the stream of events. Must not draw. Invariant: the token is sent in the
// Authorization header to this origin only, never in an address; every failure is a Problem with words for a person.

const KEY = 'coffer-token';

/** What went wrong, in words for a person. */
export class Problem extends Error {
	constructor(status, words, retryMs = 0) {
		super(words);
		this.status = status;
		this.retryMs = retryMs;
	}
}

/** Takes the token out of the address into the session, so that it is neither copied nor kept in the history. */
export function takeToken() {
	const given = /^#(?:.*&)?token=([^&]+)/.exec(location.hash);
	if (!given) return false;
	let token = given[1];
	try {
		token = decodeURIComponent(token);
	} catch {
		// It is taken as it stands.
	}
	setToken(token);
	history.replaceState(null, '', location.pathname + location.search);
	return true;
}

export function setToken(token) {
	sessionStorage.setItem(KEY, token);
}

export const hasToken = () => Boolean(sessionStorage.getItem(KEY));

function headersWith(extra) {
	const headers = new Headers(extra);
	const token = sessionStorage.getItem(KEY);
	// What no header can hold cannot be the token either; the store then says 401.
	if (token && /^[\x21-\x7e]+$/.test(token)) headers.set('Authorization', `Bearer ${token}`);
	return headers;
}

let refused = () => {};

/** Who is told when the store wants another token. */
export function onRefused(callback) {
	refused = callback;
}

const UNREACHABLE = 'The store does not answer. Is the program that opened it still running?';

async function problemOf(response) {
	let told = {};
	try {
		told = JSON.parse(await response.text()) ?? {};
	} catch {
		// Not every answer on the way to the store is its own.
	}
	let words = told.detail || told.title || `The store answered ${response.status} ${response.statusText}`.trim();
	const seconds = Number(response.headers.get('Retry-After')) || 0;
	if (response.status === 429 && seconds && !words.includes(` ${seconds} s`)) words += ` Try again in ${seconds} s.`;
	if (response.status === 401) refused(words);
	return new Problem(response.status, words, seconds * 1000);
}

async function send(method, path, { query, body, headers, signal } = {}) {
	const target = query ? `${path}?${new URLSearchParams(query)}` : path;
	const wanted = { method, body, signal, headers: headersWith(headers), cache: 'no-store', credentials: 'omit' };
	let response;
	try {
		response = await fetch(target, wanted);
	} catch (error) {
		if (error.name === 'AbortError') throw error;
		throw new Problem(0, UNREACHABLE);
	}
	if (!response.ok) throw await problemOf(response);
	return response;
}

/** The answer's text and what its headers say of it. */
export async function text(method, path, options) {
	const response = await send(method, path, options);
	const tag = /"(\d+)"/.exec(response.headers.get('ETag') ?? '');
	const saved = Date.parse(response.headers.get('Last-Modified') ?? '');
	const body = await response.text().catch(() => {
		throw new Problem(0, 'The store stopped in the middle of its answer.');
	});
	return { body, revision: tag && tag[1], savedAtMs: saved || null };
}

export async function json(method, path, options) {
	const { body } = await text(method, path, options);
	try {
		return body === '' ? null : JSON.parse(body);
	} catch {
		throw new Problem(0, 'The store answered with something that is no JSON.');
	}
}

export const get = (path, query) => json('GET', `/api/database/${path}`, { query });

export const post = (path, body) => json('POST', `/api/database/${path}`, body === undefined ? {} : {
	body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
});

/** The path of a document. Its slashes are escaped too: an address drops `..` between slashes. */
export function documentPath(key, base = '/api/database/documents/') {
	if (key === '.' || key === '..') {
		throw new Problem(0, 'A key of one or two dots cannot stand in an address. Load it from a program.');
	}
	return base + encodeURIComponent(key);
}

/** Takes a stream apart into its events; what is not whole yet waits for the next chunk. */
function reader(deliver) {
	let rest = '';
	let event = {};
	const take = (line) => {
		if (line === '') {
			if (event.data !== undefined) deliver({ id: event.id ?? '', topic: event.event ?? 'message', data: event.data });
			event = {};
			return;
		}
		const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
		event[name] = name === 'data' && event.data !== undefined ? `${event.data}\n${value}` : value;
	};
	return (chunk) => {
		const lines = (rest + chunk).split(/\r\n|\n/);
		rest = lines.pop();
		lines.forEach(take);
	};
}

/** Reads the stream of events until it ends. `alive` is called with whatever comes, so that silence can be noticed. */
export async function follow(lastId, { opened, alive, deliver, signal }) {
	const headers = { Accept: 'text/event-stream' };
	if (lastId !== null) headers['Last-Event-ID'] = lastId;
	const response = await send('GET', '/api/database/events', { headers, signal });
	opened();
	const source = response.body.getReader();
	const decoder = new TextDecoder();
	const push = reader(deliver);
	for (;;) {
		const { done, value } = await source.read();
		if (done) return;
		alive();
		push(decoder.decode(value, { stream: true }));
	}
}
