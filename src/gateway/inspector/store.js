// What is known of the store now: status, health, latency, events; and who hears of it. Must not draw. Invariant: one poll of each
// kind at a time, status 6 and health 30 a minute at most, and none earlier than a 429 allows.

import { Problem, follow, get } from './api.js';

/** Tells 'status', 'health', 'stream', 'event', and 'touched' with the changes of a commit, or null for any. */
export const bus = new EventTarget();

export const store = {
	status: null,
	health: null,
	problem: null,
	/** Why there is no health report in this build. */
	absent: '',
	stream: { state: 'connecting', words: '' },
	/** [{ time, save, load, sync }], the newest last. */
	latency: [],
	/** The samples of growth, as each report tells of its own time. */
	seen: [],
};

/** The status of what this build or this server has not. */
const ABSENT = 501;
const LATER = 60000;
const HEALTH_EVERY = 2000;
const STATUS_EVERY = 10000;
const SAMPLES_KEPT = 900;
/** More than two signs of life. */
const SILENCE = 40000;

const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

/** Why the controls that write are off; empty when they are on. */
export function whyNotWrite() {
	if (!store.status) return 'Off until the store answers.';
	if (store.status.read_only) return 'Off: this store is open read-only.';
	if (!store.status.write_allowed) return 'Off: the program did not allow writing here (option allow_write).';
	return '';
}

/** Asks again and again; the call asks at once, or gives the question that is under way. */
function poller(every, ask) {
	let timer = 0;
	let underWay = null;
	const run = () => (underWay ??= once());
	async function once() {
		clearTimeout(timer);
		let wait = every;
		try {
			if (!document.hidden) await ask();
		} catch (error) {
			wait = Math.max(every, error.retryMs ?? 0);
			if (error.status === ABSENT) {
				store.absent = error.message;
				wait = LATER;
			} else store.problem = error;
			tell('status');
			// Asking again is of no use before there is another token; `begin` then starts anew.
			if (error.status === 401) wait = null;
		}
		underWay = null;
		if (wait !== null) timer = setTimeout(run, wait);
	}
	return run;
}

const pollStatus = poller(STATUS_EVERY, async () => {
	const before = store.status?.sequence;
	store.status = await get('status');
	// How changes are noticed without the stream.
	if (store.stream.state !== 'live' && before !== undefined && before !== store.status.sequence) tell('touched', null);
	store.problem = null;
	tell('status');
});

const pollHealth = poller(HEALTH_EVERY, async () => {
	const report = await get('health');
	store.health = report;
	store.problem = null;
	store.latency.push({ time: report.time_ms ?? Date.now(), ...report.latency });
	store.seen.push(...(report.growth?.samples.slice(-1) ?? []));
	for (const kept of [store.latency, store.seen]) if (kept.length > SAMPLES_KEPT) kept.shift();
	tell('health');
});

let lastId = null;
let wasLive = false;

function streamIs(state, words = '') {
	store.stream = { state, words };
	tell('stream');
}

/** Only what the store itself says of its commits is taken for changes: plug-ins publish what they like. */
function deliver({ id, topic, data }) {
	if (id) lastId = id;
	let told = {};
	try {
		told = JSON.parse(data) ?? {};
	} catch {
		// Shown as it came.
	}
	const changes = topic === 'database_changed' ? (told.payload?.changes ?? null) : null;
	tell('event', { id, topic, data, told, changes });
	if (changes || topic === 'overflow') tell('touched', changes);
}

async function followOnce() {
	const abort = new AbortController();
	let heard = Date.now();
	const watch = setInterval(() => Date.now() - heard > SILENCE && abort.abort(), 5000);
	try {
		await pollStatus();
		// The id of a later event than there are is that of another store.
		if (Number(lastId) > (store.status?.sequence ?? 0)) lastId = null;
		await follow(lastId, {
			signal: abort.signal,
			opened: () => {
				streamIs('live');
				// What changed while nobody listened may be more than the store still tells.
				if (wasLive) tell('touched', null);
				wasLive = true;
			},
			alive: () => (heard = Date.now()),
			deliver,
		});
	} finally {
		clearInterval(watch);
		streamIs('waiting', 'The stream ended.');
	}
}

let isFollowing = false;

/** Follows the events for as long as the page is open, and comes back when the stream breaks. */
async function followEvents() {
	if (isFollowing) return;
	isFollowing = true;
	for (let wait = 1000; ; ) {
		const began = Date.now();
		let asked = 0;
		try {
			await followOnce();
		} catch (error) {
			streamIs('waiting', error instanceof Problem ? error.message : 'The stream broke.');
			if (error.status === 401) break;
			asked = error.status === ABSENT ? LATER : (error.retryMs ?? 0);
		}
		wait = Date.now() - began > 10000 ? 1000 : Math.min(wait * 2, 15000);
		await new Promise((resume) => setTimeout(resume, Math.max(wait, asked)));
	}
	isFollowing = false;
}

/** Begins, or begins again with another token. */
export function begin() {
	followEvents();
	pollStatus();
	pollHealth();
}
