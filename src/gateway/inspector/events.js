// The view of the live stream. Must not keep more than KEPT events. Invariant: pausing stops the list, not the stream.

import { button, clock, count, field, gathered, h, hint, mono, plural, stateLine, time, visible } from './dom.js';
import { VirtualList } from './list.js';
import { bus, store } from './store.js';
import { JsonTree } from './tree.js';

const KEPT = 2000;
const ROW = 28;

export class EventsView {
	#events = [];
	/** What was there when the list was paused. */
	#frozen = null;
	#shown = [];
	#missed = 0;
	#chosen = null;

	/** openDocument(collection, key) shows a document that an event tells of. */
	constructor(panel, openDocument) {
		this.panel = panel;
		this.openDocument = openDocument;
		this.topics = h('select', { onchange: () => this.show() }, h('option', { value: '' }, 'all topics'));
		this.pause = button('Pause', () => this.#pause());
		this.line = h('span.progress', { role: 'status' });
		this.state = h('div');
		this.host = h('div');
		this.detail = h('section.pane', { 'aria-label': 'Event' }, stateLine('Choose an event to read it here.'));
		this.list = new VirtualList(this.host, {
			label: 'Events, newest first', rowHeight: ROW, draw: drawEvent,
			open: (event, _, byKey) => this.#choose(event, byKey), isChosen: (event) => event === this.#chosen,
		});
		panel.append(h('section.pane', { 'aria-label': 'Events' },
			h('div.tools', field('Topic', this.topics), this.pause), h('div.tools', this.line), this.state, this.host), this.detail);
		this.showSoon = gathered(() => this.show(), 100);
		bus.addEventListener('event', ({ detail: event }) => this.#take(event));
		bus.addEventListener('stream', () => this.#tell());
		this.#tell();
	}

	#take(event) {
		this.#events.push(event);
		if (this.#events.length > KEPT) this.#events.shift();
		if (this.#frozen) this.#missed += 1;
		if (![...this.topics.options].some((one) => one.value === event.topic)) {
			this.topics.add(new Option(visible(event.topic), event.topic));
		}
		if (!this.panel.hidden) this.showSoon();
	}

	#pause() {
		this.#frozen = this.#frozen ? null : [...this.#events];
		this.#missed = 0;
		this.pause.textContent = this.#frozen ? 'Resume' : 'Pause';
		this.show();
	}

	#tell() {
		const { state, words } = store.stream;
		this.line.textContent = [state === 'live' ? 'Live' : `${words} Connecting again …`.trim(),
			`${plural(this.#shown.length, 'event')} shown`, this.#events.length >= KEPT && `the newest ${count(KEPT)} are kept`,
			this.#frozen && `paused, ${count(this.#missed)} new`].filter(Boolean).join(' · ');
		this.state.replaceChildren(this.#shown.length ? '' : stateLine(this.topics.value ? 'No event of this topic yet.'
			: 'No events yet. They appear when something is saved or published.'));
	}

	/** Newest first; the active row and what is in sight stay on their events while newer ones come in above. */
	show() {
		const topic = this.topics.value;
		const active = this.#shown[this.list.active];
		const [before] = this.#shown;
		this.#shown = (this.#frozen ?? this.#events).filter((event) => !topic || event.topic === topic).reverse();
		const moved = this.#shown.indexOf(before);
		const isAtTop = this.host.scrollTop < ROW;
		this.list.active = active ? this.#shown.indexOf(active) : -1;
		this.list.set(this.#shown);
		if (!isAtTop && moved > 0) this.host.scrollTop += moved * ROW;
		this.#tell();
	}

	#choose(event, byKey) {
		this.#chosen = event;
		this.list.refresh();
		const { topic, told, changes } = event;
		const tree = h('div');
		const there = (changes ?? []).filter((one) => !one.cleared).slice(0, 20);
		this.detail.replaceChildren(h('div.title', h('h2', mono(topic))),
			hint(`${time(told.time_ms)} · sequence ${count(told.sequence)} · source ${visible(told.source || 'not named')}`),
			h('div.tools', there.map((one) => button(['Open ', mono(one.key)], () => this.openDocument(one.collection, one.key), '.small'))),
			h('div.content', tree));
		new JsonTree(tree, 'Event').show(event.data);
		if (byKey) tree.focus();
	}

	escape() {
		const isIn = this.detail.contains(document.activeElement);
		if (isIn) this.host.focus();
		return isIn;
	}
}

function drawEvent({ topic, told, data, changes }) {
	const what = changes
		? changes.slice(0, 3).map((one) => `${one.cleared ? 'cleared' : one.old_revision ? 'saved' : 'new'} ${visible(one.key)}`).join(', ') +
			(changes.length > 3 ? ` and ${count(changes.length - 3)} more` : '')
		: visible(JSON.stringify(told.payload ?? data).slice(0, 200));
	return [h('span.n', told.time_ms ? clock(told.time_ms) : ''), h('span.n.revision', String(told.sequence ?? '')),
		h('bdi.topic', visible(topic)), h('bdi.key', what)];
}
