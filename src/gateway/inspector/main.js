// The page as a whole: token, header, tabs, keys that work everywhere. Must not know what a view shows. Invariant: one view is
// in sight, or the question for the token instead of all.

import { hasToken, onRefused, setToken, takeToken } from './api.js';
import { show as showDialog } from './dialog.js';
import { byId, count, facts, h, table } from './dom.js';
import { DocumentsView } from './documents.js';
import { EventsView } from './events.js';
import { HealthView } from './health.js';
import { LimitsView } from './limits.js';
import { SnapshotsView } from './snapshots.js';
import { begin, bus, store, whyNotWrite } from './store.js';

const NAMES = ['documents', 'snapshots', 'health', 'events', 'limits'];
const views = {};
let current = null;

/** FAILED is a store that takes no changes since a write failed. */
const SHAPES = {
	OK: [h('svg:circle', { cx: 8, cy: 8, r: 7 }), h('svg:path', { d: 'M4.5 8.5l2.5 2.5 4.5-5' })],
	DEGRADED: [h('svg:path.shape', { d: 'M8 1.5l7 13H1z' }), h('svg:path', { d: 'M8 6v4m0 2v.5' })],
	FAILED: [h('svg:circle', { cx: 8, cy: 8, r: 7 }), h('svg:path', { d: 'M3.5 12.5l9-9' })],
	CORRUPT: [h('svg:path.shape', { d: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z' }), h('svg:path', { d: 'M5.5 5.5l5 5m0-5l-5 5' })],
};

function drawHeader() {
	const { status, health: report, problem, stream } = store;
	const told = status && status.status !== 'OK' ? status.status : (report?.integrity_status ?? status?.status);
	const integrity = problem?.status === 0 ? null : told;
	const place = byId('integrity');
	const words = integrity ?? (problem ? 'Not reachable' : 'Asking …');
	const shape = SHAPES[integrity];
	place.className = `integrity ${shape ? integrity.toLowerCase() : ''}`;
	place.replaceChildren(shape ? h('svg:svg', { width: 16, height: 16, 'aria-hidden': 'true' }, shape) : '', h('b', words));
	document.title = `${words} – Coffer inspector`;
	if (status) {
		byId('facts').replaceChildren(...facts(
			['Documents', count(report?.total_records ?? status.documents)], ['Sequence', count(Math.max(report?.sequence ?? 0, status.sequence))],
			['Version', status.version], ['Access', status.read_only ? 'read-only' : whyNotWrite() ? 'reading only' : 'writing allowed']).children);
	}
	const [kind, link] = problem ? ['lost', problem.status ? `Refused: ${problem.message}` : 'Not reachable']
		: stream.state === 'live' ? ['live', 'Live'] : ['lost', stream.state === 'waiting' ? 'Reconnecting' : 'Connecting'];
	const connection = byId('connection');
	if (connection.textContent !== link) connection.textContent = link;
	connection.className = `connection ${kind}`;
	connection.title = problem?.message ?? stream.words;
}

function choose(name, focus) {
	views[current]?.hide?.();
	current = name;
	for (const each of NAMES) {
		const tab = byId(`tab-${each}`);
		tab.setAttribute('aria-selected', String(each === name));
		tab.tabIndex = each === name ? 0 : -1;
		byId(each).hidden = each !== name;
	}
	if (focus) byId(`tab-${name}`).focus();
	views[name].show();
}

function tabKeys(event) {
	const at = NAMES.indexOf(current);
	const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: NAMES.length - 1 }[event.key];
	if (to === undefined) return;
	event.preventDefault();
	choose(NAMES[(to + NAMES.length) % NAMES.length], true);
}

const KEYS = [
	['/', 'search by the beginning of a key'], ['1 to 5', 'choose a tab, as arrow keys do there'],
	['↓ ↑ or j k', 'move in a list'], ['Page Down, Page Up, Home, End', 'move further; End loads to the end'],
	['Enter', 'open'], ['→ ←', 'open or close a branch; read a chart'],
	['Escape', 'close, step by step; stop loading'], ['?', 'this list'],
];

function showKeys() {
	showDialog('Keys', table('Keys', ['Key', 'What it does'], KEYS.map(([key, what]) => [h('kbd', key), what])));
}

function pageKeys(event) {
	if (event.ctrlKey || event.metaKey || event.altKey || byId('dialog').open || byId('work').hidden) return;
	if (event.key === 'Escape') {
		if (views[current].escape?.()) event.preventDefault();
		return;
	}
	if (event.target.closest('input, textarea, select')) return;
	if (event.key === '/') {
		choose('documents');
		views.documents.search();
	} else if (event.key === '?') showKeys();
	else if (/^[1-5]$/.test(event.key)) choose(NAMES[event.key - 1], true);
	else return;
	event.preventDefault();
}

function ask(why) {
	if (!byId('ask').hidden) return;
	byId('work').hidden = true;
	byId('ask').hidden = false;
	byId('dialog').close();
	byId('ask-why').textContent = `${hasToken() ? `The token was refused. ${why}` : ''} It is in the answer of the call that registered the database API, and in the inspector's address there.`.trim();
	byId('token').value = '';
	byId('token').focus();
}

function begun() {
	byId('ask').hidden = true;
	byId('work').hidden = false;
	store.problem = null;
	begin();
	views.documents.reload();
	views[current].show();
}

function useToken() {
	const token = byId('token').value.trim();
	if (!token) return byId('token').focus();
	setToken(token);
	begun();
	return byId(`tab-${current}`).focus();
}

takeToken();
onRefused(ask);
Object.assign(views, {
	documents: new DocumentsView(byId('documents')),
	snapshots: new SnapshotsView(byId('snapshots')),
	health: new HealthView(byId('health')),
	events: new EventsView(byId('events'), (collection, key) => {
		choose('documents');
		views.documents.openDocument(collection, key);
	}),
	limits: new LimitsView(byId('limits')),
});
for (const name of NAMES) byId(`tab-${name}`).addEventListener('click', () => choose(name));
byId('tabs').addEventListener('keydown', tabKeys);
byId('help').addEventListener('click', showKeys);
byId('use-token').addEventListener('click', useToken);
byId('token').addEventListener('keydown', (event) => event.key === 'Enter' && useToken());
addEventListener('keydown', pageKeys);
addEventListener('hashchange', () => takeToken() && begun());
for (const name of ['status', 'health', 'stream']) bus.addEventListener(name, drawHeader);
drawHeader();
choose('documents');
begin();
