// The view of documents: collections, keys, and the one that is open. Must not write. Invariant: the three panes agree.

import { get } from './api.js';
import { DocumentPane } from './document.js';
import { announce, bytes, gathered, h, hint, plural, stateLine } from './dom.js';
import { KeyList } from './keys.js';
import { VirtualList } from './list.js';
import { bus } from './store.js';

export class DocumentsView {
	#collections = [];
	#chosen = null;

	constructor(panel) {
		this.keys = new KeyList((key, byKey) => this.pane.open(key, byKey));
		this.pane = new DocumentPane({
			opened: (key) => this.keys.mark(key),
			closed: () => {
				this.keys.mark(null);
				this.keys.list.host.focus();
			},
		});
		this.state = h('div');
		const host = h('div.two');
		this.list = new VirtualList(host, {
			label: 'Collections', rowHeight: 46, isChosen: (one) => one.name === this.#chosen,
			draw: (one) => [h('span.key', one.name), hint(`${plural(one.documents, 'doc')} · ${bytes(one.bytes)}`)],
			open: (one, _, byKey) => {
				this.#choose(one.name);
				if (byKey) this.keys.list.host.focus();
			},
		});
		panel.append(
			h('section.pane.collections', { 'aria-label': 'Collections' }, h('h2', 'Collections'), this.state, host),
			h('section.pane', { 'aria-label': 'Documents' }, this.keys.element),
			h('section.pane', { 'aria-label': 'Document' }, this.pane.element));
		const loadSoon = gathered(() => this.#load(), 1000);
		bus.addEventListener('touched', ({ detail }) => {
			loadSoon();
			this.keys.touch(detail);
			this.pane.touch(detail);
		});
		bus.addEventListener('status', () => this.pane.permit());
	}

	#total(name) {
		return this.#collections.find((one) => one.name === name)?.documents ?? null;
	}

	#choose(name) {
		this.#chosen = name;
		this.list.refresh();
		this.keys.show(name, this.#total(name));
		announce(`${name}: ${plural(this.#total(name), 'document')}`);
	}

	async #load() {
		try {
			this.#collections = (await get('collections')).collections;
			this.state.replaceChildren();
		} catch (error) {
			this.state.replaceChildren(stateLine(`The collections could not be loaded. ${error.message}`, () => this.#load()));
			return;
		}
		this.list.set(this.#collections);
		if (this.#chosen !== null) this.keys.setTotal(this.#total(this.#chosen));
		else if (this.#collections.length) {
			const fullest = this.#collections.reduce((best, one) => (one.documents > best.documents ? one : best));
			this.list.active = this.#collections.indexOf(fullest);
			this.#choose(fullest.name);
		}
	}

	show() {
		if (!this.#collections.length) this.#load();
	}

	/** After a token was refused and another given. */
	reload() {
		this.#load();
		if (this.#chosen !== null) this.keys.reload();
	}

	search() {
		this.keys.search.select();
	}

	openDocument(collection, key) {
		if (collection !== this.#chosen) this.#choose(collection);
		this.pane.open(key, true);
	}

	escape() {
		const { keys } = this;
		if (this.pane.escape() || keys.stop()) return true;
		const { activeElement: input } = document;
		if (input !== keys.search && input !== keys.filter) return false;
		input.value = '';
		input.dispatchEvent(new Event('input'));
		keys.list.host.focus();
		return true;
	}
}
