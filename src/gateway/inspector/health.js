// The view of health. Must not judge: every verdict is the report's own. Invariant: a full check stays until the next one.

import { get } from './api.js';
import { LineChart } from './charts.js';
import { announce, button, bytes, count, facts, field, fill, h, hint, micros, mono, plural, span, stateLine, table, time } from './dom.js';
import { bus, store } from './store.js';

const CHECK = 'Check everything on disk';
const WORK = ['save', 'load', 'sync'];
const whole = (number) => count(Math.round(number));
const percent = (share) => `${Math.round((share ?? 0) * 100)} %`;
const isKnown = (value) => value !== null && value !== undefined;

export class HealthView {
	constructor(panel) {
		this.panel = panel;
		for (const name of ['score', 'collections', 'disk', 'latency', 'full']) this[name] = h('div');
		this.trend = h('p', { role: 'status' });
		const tooFew = 'Too few samples are kept yet.';
		this.charts = {
			bytes: new LineChart('Bytes over time', bytes, tooFew),
			documents: new LineChart('Documents over time', whole, tooFew),
			latency: new LineChart('Latency while this page is open', micros, 'Measuring …', true),
		};
		this.which = h('select', { onchange: () => this.show() },
			['p99', 'p50', 'max'].map((name) => h('option', { value: `${name}_us` }, name)));
		this.check = button(CHECK, () => this.#checkAll(), '.primary');
		const card = (title, ...content) => h('section.card', h('h2', title), content);
		panel.append(h('div.cards', h('div',
			card('Score', this.score, h('div.tools', this.check), this.full),
			card('Latency', h('div.tools', field('Show', this.which)), this.charts.latency.element, this.latency)), h('div',
			card('Growth', this.charts.bytes.element, this.charts.documents.element, this.trend),
			card('Journal and disk', this.disk)), card('Collections', this.collections)));
		for (const name of ['health', 'status']) bus.addEventListener(name, () => this.show());
	}

	async #checkAll() {
		const began = Date.now();
		this.check.disabled = true;
		const tick = setInterval(() => (this.check.textContent = `Checking … ${span(Date.now() - began)}`), 200);
		await fill(this.full, async () => {
			const report = await get('health', { full: true });
			const { checked, integrity_status: status } = report;
			announce(`Full check: ${status}`);
			return [h('p', `Full check of ${time(report.time_ms)}: `, h('b', status), checked ? `. ${bytes(checked.bytes)} in ${
				plural(checked.files, 'file')}, ${micros(checked.took_ms * 1000)}, ${whole(checked.mb_per_s)} MB/s.` : '.'), ...findings(report)];
		}, 'The full check did not succeed. ', 'Reading and checking every byte on disk. Saves go on meanwhile.');
		clearInterval(tick);
		this.check.disabled = false;
		this.check.textContent = CHECK;
	}

	show() {
		const { health: report, problem, absent, latency } = store;
		if (this.panel.hidden) return;
		if (!report) {
			this.score.replaceChildren(stateLine(absent || (problem ? problem.message : 'Loading …')));
			return;
		}
		this.score.replaceChildren(h('p.score', h('b', String(report.score)), ' of 100, ', report.integrity_status), ...findings(report));
		drawGrowth(report, this.charts, this.trend);
		this.charts.latency.show(WORK.map((name) => ({
			name, points: latency.map((sample) => [sample.time, sample[name]?.[this.which.value] || null]),
		})));
		this.latency.replaceChildren(table('Latency', ['Work', { n: 'Count' }, { n: 'p50' }, { n: 'p99' }, { n: 'max' }], WORK.map((name) => {
			const one = report.latency?.[name] ?? {};
			return [name, { n: count(one.count) }, { n: micros(one.p50_us) }, { n: micros(one.p99_us) }, { n: micros(one.max_us) }];
		})));
		this.collections.replaceChildren(...collectionTables(report));
		this.disk.replaceChildren(...journal(report));
	}
}

function drawGrowth({ growth, trend, anomalies }, charts, place) {
	// A report's last sample is its own time; those that were seen say what happened since the page was opened.
	const { seen } = store;
	const samples = (growth?.samples ?? []).filter((sample) => sample.time_ms < seen[0]?.time_ms).concat(seen);
	for (const name of ['bytes', 'documents']) {
		charts[name].show([{ name, points: samples.map((sample) => [sample.time_ms, sample[name]]) }]);
	}
	const words = [`Trend: ${trend}`];
	const rate = growth?.bytes_per_day;
	if (isKnown(rate)) words.push(`${rate < 0 ? '−' : '+'}${bytes(Math.abs(Math.round(rate)))} a day`);
	for (const one of anomalies ?? []) words.push(`${time(one.at_ms)}: ${one.what}`);
	const told = words.join('. ');
	if (place.textContent !== told) place.textContent = told;
}

function collectionTables({ collections = [], tier1 = [] }) {
	const saved = (ms) => (ms ? time(ms) : '–');
	return [table('Collections', ['Collection', { n: 'Documents' }, { n: 'Size' }, 'Largest', 'Newest save', 'Oldest save'],
		collections.map((one) => [one.name, { n: count(one.documents) }, { n: bytes(one.bytes) },
			one.largest ? [mono(one.largest.key), hint(` ${bytes(one.largest.bytes)}`)] : '–', saved(one.newest_save_ms), saved(one.oldest_save_ms)])),
	table('Versions', ['Tier 1 document', { n: 'Version' }, { n: 'Kept' }, { n: 'Newest' }],
		tier1.map((one) => [one.name, { n: count(one.version) }, { n: count(one.versions_kept) }, { n: bytes(one.bytes) }]))];
}

function journal({ journal: told = {}, image, snapshots = {}, disk_bytes: disk, last_sync: sync, hub = {} }) {
	const share = percent(told.live_share);
	const bar = h('span.bar', { 'aria-hidden': 'true' }, h('span'));
	bar.firstChild.style.width = `${(told.live_share ?? 0) * 100}%`;
	return [h('p', bar, ` Journal: ${bytes(told.live_bytes)} live (${share}), ${bytes(told.dead_bytes)} dead`),
		facts(['Segments', count(told.segments)], ['Journal', bytes(told.bytes)],
			['Last checkpoint', isKnown(told.checkpoint_age_ms) ? `${span(told.checkpoint_age_ms)} ago` : 'none'],
			['Commits not synced', count(told.unsynced_commits)], ['Tier 1 broadcast', time(sync)], ['Image', bytes(image?.bytes)],
			['Snapshots', `${count(snapshots.count)}, ${count(snapshots.automatic)} automatic`], ['History', bytes(snapshots.history_bytes)],
			['On disk', bytes(disk)], ['Events', `${count(hub.events)}, ${count(hub.lost)} lost`], ['Subscribers', count(hub.subscribers)])];
}

function findings({ findings: found = [], causes = [] }) {
	return [
		found.length ? h('ul.findings', found.map((one) => h('li', h('p', h('b', `−${one.points} `), one.what),
			h('p.hint', one.why), h('p', `To do: ${one.do}`)))) : h('p', 'Nothing was found wrong.'),
		causes.length ? table('Causes', ['File', { n: 'Offset' }, 'Reason'],
			causes.map((one) => [mono(one.file || 'the store'), { n: one.file ? count(one.offset) : '–' }, one.reason])) : '',
	];
}
