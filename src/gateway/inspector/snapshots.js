// The view of snapshots. Must not write without a confirmation. Invariant: a comparison names both of its sides; where writing
// is not allowed, the controls are off with a reason.

import { documentPath, get, json, post, text as request } from './api.js';
import { confirm } from './dialog.js';
import { patchTable } from './diff.js';
import { announce, button, bytes, count, facts, field, fill, gathered, gradually, h, hint, mono, plural, region, stateLine, time, visible } from './dom.js';
import { childrenOf, raw, said, valueAt } from './json.js';
import { VirtualList } from './list.js';
import { bus, whyNotWrite } from './store.js';

const place = (id) => `snapshots/${encodeURIComponent(id)}`;

export class SnapshotsView {
	#snapshots = [];
	#chosen = null;

	constructor(panel) {
		this.panel = panel;
		this.label = h('input.writes', { maxlength: 256, autocomplete: 'off', onkeydown: (event) => event.key === 'Enter' && this.#create() });
		this.make = button('Create snapshot', () => this.#create(), '.primary.writes');
		this.failed = h('p.bad', { role: 'alert' });
		this.state = h('div', stateLine('Loading …'));
		this.kept = h('p.hint');
		this.detail = h('section.pane', { 'aria-label': 'Snapshot' });
		const host = h('div.two');
		this.list = new VirtualList(host, {
			label: 'Snapshots', rowHeight: 46, isChosen: (one) => one.id === this.#chosen?.id,
			draw: (one) => [h('bdi.key', visible(one.label)),
				hint(`${time(one.created_at_ms)} · ${plural(one.documents, 'document')} · ${one.kind}`)],
			open: (one, _, byKey) => {
				this.#choose(one);
				if (byKey) this.detail.querySelector('select').focus();
			},
		});
		panel.append(h('section.pane', { 'aria-label': 'Snapshots' },
			h('div.tools', field('Label', this.label), this.make), h('p.hint.why'), this.failed, this.state, host, this.kept), this.detail);
		this.#empty();
		this.#permit();
		const loadSoon = gathered(() => this.show(), 1000);
		bus.addEventListener('status', () => this.#permit());
		bus.addEventListener('touched', ({ detail: changes }) => {
			if (changes === null || changes.some((change) => change.collection === 'save_metadata')) loadSoon();
		});
	}

	#empty() {
		this.#chosen = null;
		this.list.refresh();
		this.detail.replaceChildren(stateLine('Choose a snapshot to compare or restore it.'));
	}

	async show() {
		try {
			const told = await get('snapshots');
			this.#snapshots = told.snapshots.reverse();
			this.kept.textContent = `Past versions take ${bytes(told.history_bytes)} on the disk.`;
			this.state.replaceChildren(this.#snapshots.length ? '' : stateLine('There are no snapshots yet.'));
		} catch (error) {
			this.state.replaceChildren(stateLine(`The snapshots could not be loaded. ${error.message}`, () => this.show()));
			return;
		}
		this.list.set(this.#snapshots);
		if (this.#chosen && !this.#snapshots.some((one) => one.id === this.#chosen.id)) this.#empty();
	}

	async #create() {
		this.make.disabled = true;
		this.failed.textContent = '';
		try {
			const one = await post('snapshots', this.label.value ? { label: this.label.value } : {});
			this.label.value = '';
			await this.show();
			announce(`Created ${one.id}`);
			this.list.activate(0);
			this.#choose(one);
		} catch (error) {
			this.failed.textContent = `It was not created. ${error.message}`;
		}
		this.#permit();
	}

	#choose(one) {
		this.#chosen = one;
		this.list.refresh();
		const others = this.#snapshots.filter((each) => each.id !== one.id);
		const other = h('select', h('option', { value: 'now' }, 'now'),
			others.map((each) => h('option', { value: each.id }, `${visible(each.label)}, ${time(each.created_at_ms)}`)));
		this.result = region('div.result', 'Comparison', stateLine('Compare to see which documents came, changed and went since.'));
		const name = () => visible(others.find((each) => each.id === other.value)?.label ?? 'now');
		this.detail.replaceChildren(h('div.title', h('h2', mono(one.label))),
			facts(['Id', one.id], ['Made', time(one.created_at_ms)], ['Sequence', count(one.sequence)],
				['Documents', count(one.documents)], ['Size', bytes(one.bytes)],
				['Kind', [one.kind, one.reason, one.pinned && 'pinned'].filter(Boolean).join(', ')]),
			h('div.tools', field('Compare with', other),
				button('Compare', () => compare(one, other.value, name(), this.result), '.primary'),
				button('Restore …', () => this.#restore(one), '.writes'), button('Delete …', () => this.#drop(one), '.writes'),
				h('span.hint.why')),
			this.result);
		this.#permit();
	}

	#permit() {
		for (const one of this.panel.querySelectorAll('.writes')) one.disabled = whyNotWrite() !== '';
		for (const one of this.panel.querySelectorAll('.why')) one.textContent = whyNotWrite();
	}

	#restore(one) {
		const path = `${place(one.id)}/restore`;
		const about = h('p', { role: 'status' }, 'Finding out what would change …');
		confirm('Restore this snapshot?', 'Restore it', [h('p', 'The documents become what they were at ', mono(one.label),
			` (${one.id}, ${time(one.created_at_ms)}). The state of now is kept as an automatic snapshot, so that this can be undone.`), about],
		async () => {
			const done = await post(path);
			await this.show();
			this.#choose(one);
			this.result.replaceChildren(stateLine(`Restored: ${count(done.saved)} saved, ${count(done.cleared)} cleared. ${
				done.undo ? `To undo it, restore ${done.undo}.` : 'Nothing differed.'}`));
		});
		post(path, { dry_run: true }).then((plan) => {
			about.textContent = `${plural(plan.saved, 'document')} would be saved, ${count(plan.cleared)} cleared.`;
		}, (error) => (about.textContent = `What would change is not known. ${error.message}`));
	}

	#drop(one) {
		confirm('Delete this snapshot?', 'Delete it', h('p', mono(one.label),
			` (${one.id}) can then no longer be restored. The documents of now stay as they are.`), async () => {
			await json('DELETE', `/api/database/${place(one.id)}`);
			this.#empty();
			await this.show();
			this.list.host.focus();
		});
	}

	escape() {
		if (!this.#chosen || !this.detail.contains(document.activeElement)) return false;
		this.#empty();
		this.list.host.focus();
		return true;
	}
}

/** An object's members as texts: numbers stay as they were saved. */
const partsOf = (value) => Object.fromEntries(childrenOf(value).map((part) => [said(part.name), raw(part)]));

async function compare(one, to, name, result) {
	await fill(result, async () => {
		const { body } = await request('GET', '/api/database/snapshot-diff', { query: { from: one.id, to } });
		const parts = partsOf(valueAt(body));
		const [added, changed, removed] = [parts.added, parts.changed, parts.removed].map((list) => childrenOf(valueAt(list)).map(partsOf));
		const isSame = !added.length && !changed.length && !removed.length;
		return [h('h3', `From ${visible(one.label)} to ${name}`), stateLine(isSame ? 'No document differs.'
			: `${count(added.length)} added, ${count(changed.length)} changed, ${count(removed.length)} removed.`),
		...group('+ Added', added, wholeLine), ...group('≠ Changed', changed, (document) => changedLine(document, one, name)),
		...group('− Removed', removed, wholeLine)];
	}, 'They could not be compared. ', 'Comparing …');
	result.focus();
}

function group(title, documents, line) {
	const list = h('ul');
	const more = gradually(list, documents, (document) => h('li', line(document)));
	return documents.length ? [h('h4', title), list, more] : [];
}

const wholeLine = ({ key, bytes: size }) => [mono(said(key)), hint(` ${bytes(Number(size))}`)];

function changedLine({ key, patch }, from, to) {
	const inside = h('div');
	const isNew = () => !inside.childElementCount;
	const load = () => fill(inside, async () => {
		const { body } = await request('GET', documentPath(said(key), `/api/database/${place(from.id)}/documents/`));
		return patchTable(body, patch, visible(from.label), to);
	});
	return h('details', { ontoggle: (event) => event.target.open && isNew() && load() },
		h('summary', mono(said(key)), hint(` ${plural(valueAt(patch).count, 'difference')}`)), inside);
}
