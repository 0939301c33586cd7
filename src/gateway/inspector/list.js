// A list of any length with one focus. Must not know what a row means. Invariant: only the rows in sight and OVERSCAN more on
// each side are in the page, and the active one is the one that assistive technology is told of.

import { h } from './dom.js';

const OVERSCAN = 8;
/** Browsers lay out some ten million pixels; beyond this, scrolling is scaled. */
const TALLEST = 8e6;

let lists = 0;

export class VirtualList {
	#items = [];
	#rows = new Map();
	#frame = 0;
	#id = `list-${++lists}`;
	active = -1;

	/**
	 * host: an element that scrolls. options: label, rowHeight, draw(item, index) -> nodes, open(item, index, byKey), and as
	 * wanted near() when the end comes into sight, end() for the End key, side(item, index, step) for left and right,
	 * isChosen(item), describe(row, item, index), role, itemRole.
	 */
	constructor(host, options) {
		this.host = host;
		this.options = { role: 'listbox', itemRole: 'option', rowHeight: 28, ...options };
		this.body = h('div', { role: 'presentation' });
		host.classList.add('list');
		host.replaceChildren(this.body);
		host.tabIndex = 0;
		host.role = this.options.role;
		host.ariaLabel = options.label;
		host.addEventListener('scroll', () => this.#later(), { passive: true });
		host.addEventListener('keydown', (event) => this.#key(event));
		host.addEventListener('focus', () => this.active < 0 && this.#items.length && this.activate(0));
		this.body.addEventListener('click', (event) => this.#click(event));
		new ResizeObserver(() => this.#later()).observe(host);
	}

	/** The first row that is in sight. */
	get first() {
		return Math.floor(this.#above / this.options.rowHeight);
	}

	/** Shows other items; the place in the list stays. */
	set(items) {
		this.#items = items;
		if (this.active >= items.length) this.active = items.length - 1;
		this.refresh();
	}

	refresh() {
		for (const row of this.#rows.values()) row.remove();
		this.#rows.clear();
		this.#draw();
	}

	toTop() {
		this.active = -1;
		this.host.scrollTop = 0;
	}

	activate(index) {
		if (!this.#items.length) return;
		const before = this.#rows.get(this.active);
		this.active = Math.max(0, Math.min(index, this.#items.length - 1));
		before?.classList.remove('active');
		this.#reveal(this.active);
		this.#draw();
	}

	get #total() {
		return this.#items.length * this.options.rowHeight;
	}

	/** How many pixels of rows are above the visible part. */
	get #above() {
		const view = this.host.clientHeight;
		const room = Math.min(this.#total, TALLEST) - view;
		return room <= 0 ? 0 : this.host.scrollTop * ((this.#total - view) / room);
	}

	#reveal(index) {
		const { rowHeight } = this.options;
		const view = this.host.clientHeight;
		const top = index * rowHeight;
		const above = this.#above;
		let wanted = above;
		if (top < above) wanted = top;
		if (top + rowHeight > above + view) wanted = top + rowHeight - view;
		const room = Math.min(this.#total, TALLEST) - view;
		if (wanted !== above) this.host.scrollTop = room <= 0 ? 0 : wanted * (room / (this.#total - view));
	}

	#later() {
		this.#frame ||= requestAnimationFrame(() => {
			this.#frame = 0;
			this.#draw();
		});
	}

	#draw() {
		const { rowHeight, near } = this.options;
		const view = this.host.clientHeight;
		if (!view) return;
		this.body.style.height = `${Math.min(this.#total, TALLEST)}px`;
		const above = this.#above;
		const first = Math.max(0, Math.floor(above / rowHeight) - OVERSCAN);
		const last = Math.min(this.#items.length, Math.ceil((above + view) / rowHeight) + OVERSCAN);
		for (const [index, row] of this.#rows) {
			if (index >= first && index < last) continue;
			row.remove();
			this.#rows.delete(index);
		}
		for (let index = first; index < last; index += 1) {
			let row = this.#rows.get(index);
			if (!row) this.#rows.set(index, (row = this.#make(index)));
			row.style.transform = `translateY(${index * rowHeight - above + this.host.scrollTop}px)`;
		}
		this.#mark();
		if (near && last >= this.#items.length) near();
	}

	#make(index) {
		const item = this.#items[index];
		const { itemRole, draw, isChosen, describe, rowHeight } = this.options;
		const row = h('div.row', {
			role: itemRole, id: `${this.#id}-${index}`, 'data-index': index,
			'aria-setsize': this.#items.length, 'aria-posinset': index + 1,
			'aria-selected': isChosen ? String(Boolean(isChosen(item))) : null,
		}, draw(item, index));
		row.style.height = `${rowHeight}px`;
		describe?.(row, item, index);
		// They are read out in the order of the page.
		let next = null;
		for (const [other, element] of this.#rows) {
			if (other > index && (next === null || other < Number(next.dataset.index))) next = element;
		}
		this.body.insertBefore(row, next);
		return row;
	}

	#mark() {
		const row = this.#rows.get(this.active);
		row?.classList.add('active');
		if (row) this.host.setAttribute('aria-activedescendant', row.id);
		else this.host.removeAttribute('aria-activedescendant');
	}

	#click(event) {
		const row = event.target.closest('.row');
		// Marking text to copy it is no click.
		const marked = getSelection();
		if (!row || (!marked.isCollapsed && marked.containsNode(row, true))) return;
		const index = Number(row.dataset.index);
		this.activate(index);
		this.options.open?.(this.#items[index], index, false);
	}

	#key(event) {
		if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.host) return;
		const page = Math.max(1, Math.floor(this.host.clientHeight / this.options.rowHeight) - 1);
		const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page };
		const { open, side, end } = this.options;
		if (event.key in steps) this.activate(this.active + steps[event.key]);
		else if (event.key === 'Home') this.activate(0);
		else if (event.key === 'End') {
			this.activate(this.#items.length - 1);
			end?.();
		} else if ((event.key === 'Enter' || event.key === ' ') && open && this.active >= 0) {
			open(this.#items[this.active], this.active, true);
		} else if ((event.key === 'ArrowLeft' || event.key === 'ArrowRight') && side && this.active >= 0) {
			side(this.#items[this.active], this.active, event.key === 'ArrowRight' ? 1 : -1);
		} else return;
		event.preventDefault();
	}
}
