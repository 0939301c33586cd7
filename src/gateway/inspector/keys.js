// The keys of one collection: loaded page by page, searched, filtered, kept up with the store. Must not load documents.
// Invariant: what is shown was loaded, in the store's order, and the line above says how much of all that is.

import { get } from './api.js';
import { bytes, button, count, field, gathered, h, stateLine, time, visible } from './dom.js';
import { VirtualList } from './list.js';
import { TIER1 } from './versions.js';

const PAGE = 1000;

export class KeyList {
	#rows = [];
	#shown = [];
	#next = null;
	/** An answer to an earlier turn is dropped. */
	#turn = 0;
	#isLoading = false;
	#isLoadingAll = false;
	#problem = null;
	#touched = new Set();
	#isStale = false;
	#total = null;
	collection = null;
	chosen = null;

	/** open(key, byKey) is called when a key is chosen. */
	constructor(open) {
		const input = () => h('input', { type: 'search', spellcheck: 'false', autocomplete: 'off', onkeydown: toList });
		const host = h('div');
		const toList = (event) => {
			if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
			event.preventDefault();
			host.focus();
		};
		this.search = input();
		this.filter = input();
		this.line = h('span.progress');
		this.all = button('', () => (this.#isLoadingAll ? this.stop() : this.#loadAll()), '.small');
		this.again = button('Reload', () => this.reload(), '.small');
		this.state = h('div');
		this.element = h('div.keys',
			h('div.tools', field('Key begins with', this.search), field('Filter loaded', this.filter)),
			h('div.tools', this.line, this.again, this.all), this.state, host);
		this.list = new VirtualList(host, {
			label: 'Documents', draw: drawKey, isChosen: (row) => row.key === this.chosen,
			open: (row, _, byKey) => open(row.key, byKey),
			near: () => !this.filter.value && !this.#problem && this.#load(),
			end: () => this.#next !== null && this.#loadAll(),
		});
		this.search.addEventListener('input', gathered(() => this.show(this.collection, this.#total), 200));
		this.filter.addEventListener('input', () => this.#sift());
		this.refreshSoon = gathered(() => this.#refresh(), 1000);
	}

	mark(key) {
		this.chosen = key;
		this.list.refresh();
	}

	/** Shows a collection from its beginning. `total` is how many documents it has, where that is known. */
	show(collection, total) {
		if (collection !== this.collection) this.filter.value = this.search.value = '';
		this.collection = collection;
		this.#total = total;
		return this.reload();
	}

	reload() {
		this.#turn += 1;
		this.#rows = [];
		this.#next = undefined;
		this.#problem = null;
		this.#isLoading = this.#isLoadingAll = this.#isStale = false;
		this.list.toTop();
		return this.#load();
	}

	setTotal(total) {
		this.#total = total;
		this.#tell();
	}

	stop() {
		const was = this.#isLoadingAll;
		this.#isLoadingAll = false;
		this.#tell();
		return was;
	}

	async #page(after = '') {
		const { collection } = this;
		const prefix = this.search.value;
		const page = await get(`collections/${encodeURIComponent(collection)}/documents`, { prefix, limit: PAGE, ...(after && { after }) });
		// The store lists the versions of a versioned document; itself it is the newest of them.
		if (!after && TIER1.includes(collection) && collection.startsWith(prefix) && page.documents.length) {
			const newest = page.documents.reduce((best, one) => (one.revision > best.revision ? one : best));
			page.documents.unshift({ ...newest, key: collection });
		}
		return page;
	}

	async #load() {
		if (this.#next === null || this.#isLoading) return;
		const turn = this.#turn;
		this.#isLoading = true;
		this.#problem = null;
		this.#tell();
		let page = { documents: [], next: this.#next };
		try {
			page = await this.#page(this.#next);
		} catch (error) {
			if (turn === this.#turn) this.#problem = error;
		}
		if (turn !== this.#turn) return;
		this.#isLoading = false;
		this.#next = page.next;
		for (const row of page.documents) this.#rows.push(row);
		this.#sift();
	}

	async #loadAll() {
		const turn = this.#turn;
		const isAtEnd = this.list.active === this.#shown.length - 1;
		this.#isLoadingAll = true;
		while (this.#isLoadingAll && this.#next !== null && !this.#problem && turn === this.#turn) {
			await this.#load();
			await new Promise((resume) => setTimeout(resume));
		}
		if (turn !== this.#turn) return;
		if (this.#isLoadingAll && isAtEnd) this.list.activate(this.#shown.length - 1);
		this.stop();
	}

	#sift() {
		const wanted = this.filter.value.toLowerCase();
		this.#shown = wanted ? this.#rows.filter((row) => row.key.toLowerCase().includes(wanted)) : this.#rows;
		this.list.set(this.#shown);
		this.#tell();
	}

	#tell() {
		const loaded = this.#rows.length;
		const known = !this.search.value && this.#total;
		const of = this.#next === null ? '' : known ? ` of ${count(Math.max(known, loaded))}` : ', there are more';
		const among = this.filter.value ? `${count(this.#shown.length)} match among ` : '';
		this.line.textContent = !loaded && this.#isLoading ? 'Loading …'
			: `${this.#isLoading ? 'Loading: ' : ''}${among}${count(loaded)} loaded${of}`;
		this.all.hidden = this.#next === null;
		this.all.textContent = this.#isLoadingAll ? 'Stop' : 'Load all';
		this.again.hidden = !this.#isStale;
		this.list.host.setAttribute('aria-busy', String(this.#isLoading));
		this.state.replaceChildren(...this.#words());
	}

	#words() {
		if (this.#problem) return [stateLine(`The documents could not be loaded. ${this.#problem.message}`, () => this.#load())];
		if (this.#isLoading) return [];
		if (this.#shown.length) return this.#isStale ? [stateLine('Some have changed out of sight since this list was loaded.')] : [];
		if (this.filter.value) return [stateLine('No loaded key has that in it.')];
		return [stateLine(this.search.value ? 'No key begins so.' : 'This collection is empty.')];
	}

	/** Takes note of what a commit changed; null stands for anything. */
	touch(changes) {
		if (this.collection === null) return;
		for (const { collection, key } of changes ?? [{ collection: this.collection, key: this.search.value }]) {
			if (collection === this.collection && key.startsWith(this.search.value)) this.#touched.add(key);
		}
		if (this.#touched.size) this.refreshSoon();
	}

	/** Exchanges the rows from the first in sight on; those elsewhere stay. */
	async #refresh() {
		if (this.#isLoading || this.#problem) return this.refreshSoon();
		const turn = this.#turn;
		const from = this.#shown === this.#rows ? this.list.first : 0;
		let page;
		try {
			page = await this.#page(this.#rows[from - 1]?.key);
		} catch {
			this.#isStale = true;
			return this.#tell();
		}
		if (turn !== this.#turn) return undefined;
		if (this.#isLoading) return this.refreshSoon();
		const fresh = new Set(page.documents.map((row) => row.key));
		let to = page.next === null ? this.#rows.length : from;
		for (let at = from; at < Math.min(this.#rows.length, from + 2 * PAGE); at += 1) if (fresh.has(this.#rows[at].key)) to = at + 1;
		const active = this.#shown[this.list.active]?.key;
		const isWhole = from === 0 && to === this.#rows.length;
		this.#isStale = !isWhole && (this.#isStale || [...this.#touched].some((key) => !fresh.has(key)));
		this.#touched.clear();
		if (to === this.#rows.length) this.#next = page.next;
		this.#rows = [...this.#rows.slice(0, from), ...page.documents, ...this.#rows.slice(to)];
		this.#sift();
		const place = this.#shown.findIndex((row) => row.key === active);
		if (active && place >= 0) this.list.active = place;
		return this.list.refresh();
	}
}

const drawKey = (row) => [
	h('bdi.key', { title: row.key }, visible(row.key)),
	h('span.n', { title: `saved ${time(row.saved_at_ms)}` }, bytes(row.bytes)),
	h('span.n.revision', h('span.unseen', 'revision '), `r${row.revision}`),
];
