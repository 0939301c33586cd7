// A document as a tree that opens and closes, by the tokens of its text. Must not change what it shows. Invariant: only nodes
// that were opened have been looked into, so a large document costs what is looked at.

import { count, h, hint, plural, visible } from './dom.js';
import { childrenOf, isContainer, raw, valueAt } from './json.js';
import { VirtualList } from './list.js';

/** How many rows open by themselves. */
const OPEN_AT_FIRST = 400;
const MOST_ROWS = 200000;
const LONGEST_TOKEN = 2000;
/** Deeper levels are not indented further. */
const DEEPEST_INDENT = 40;

export class JsonTree {
	#rows = [];

	constructor(host, label) {
		this.list = new VirtualList(host, {
			label, role: 'tree', itemRole: 'treeitem', rowHeight: 22,
			draw, open: (row, index) => this.#toggle(row, index),
			side: (row, index, step) => this.#side(row, index, step),
			describe: (element, row) => {
				element.setAttribute('aria-level', row.depth + 1);
				if (row.value.count) element.setAttribute('aria-expanded', String(row.isOpen));
			},
		});
		host.classList.add('tree');
	}

	show(text) {
		this.#rows = [rowOf(valueAt(text), 0, null)];
		this.list.toTop();
		this.openAll(OPEN_AT_FIRST);
	}

	/** Opens level by level while no more than `most` rows come of it; tells whether all are open. */
	openAll(most = MOST_ROWS) {
		let isWhole = true;
		for (let hasMore = true; hasMore; ) {
			hasMore = false;
			const next = [];
			let room = most - this.#rows.length;
			for (const row of this.#rows) {
				next.push(row);
				if (row.isOpen || !row.value.count) continue;
				if (row.value.count > room) {
					isWhole = false;
					continue;
				}
				room -= row.value.count;
				row.isOpen = hasMore = true;
				for (const child of rowsIn(row)) next.push(child);
			}
			this.#rows = next;
		}
		this.list.set(this.#rows);
		return isWhole;
	}

	closeAll() {
		const [{ value }] = this.#rows;
		this.#rows = [rowOf(value, 0, null)];
		this.list.toTop();
		this.openAll(value.count + 1);
	}

	#toggle(row, index) {
		if (!row.value.count) return;
		row.isOpen = !row.isOpen;
		const before = this.#rows.slice(0, index + 1);
		let after = this.#rows.slice(index + 1);
		if (row.isOpen) after = rowsIn(row).concat(after);
		else {
			const end = after.findIndex((other) => other.depth <= row.depth);
			after = end < 0 ? [] : after.slice(end);
		}
		this.#rows = before.concat(after);
		this.list.set(this.#rows);
	}

	#side(row, index, step) {
		if (step > 0) {
			if (!row.isOpen) this.#toggle(row, index);
			else this.list.activate(index + 1);
		} else if (row.isOpen) this.#toggle(row, index);
		else {
			let parent = index - 1;
			while (parent >= 0 && this.#rows[parent].depth >= row.depth) parent -= 1;
			if (parent >= 0) this.list.activate(parent);
		}
	}
}

const rowOf = (value, depth, index) => ({ value, depth, index, isOpen: false });

const rowsIn = (row) => childrenOf(row.value).map((child, index) =>
	rowOf(child, row.depth + 1, row.value.kind === 'array' ? index : null));

function draw({ value, depth, index, isOpen }) {
	const mark = h('span.hint.twist', { 'aria-hidden': 'true' }, value.count ? (isOpen ? '▾' : '▸') : '');
	const inset = h('span.inset');
	inset.style.width = `${Math.min(depth, DEEPEST_INDENT) * 16}px`;
	const name = value.name ?? index;
	return [inset, mark, name !== null && [h(value.name === null ? 'bdi.hint' : 'bdi.name', visible(String(name))), ': '],
		isContainer(value) ? hint(summary(value)) : scalar(value)].flat();
}

const summary = ({ kind, count: inside }) => (kind === 'object' ? `{ ${plural(inside, 'member')} }` : `[ ${plural(inside, 'element')} ]`);

function scalar(value) {
	const token = raw(value);
	const left = token.length - LONGEST_TOKEN;
	return [h(`bdi.${value.kind}`, visible(token.slice(0, LONGEST_TOKEN))), left > 0 && hint(` … ${count(left)} more characters, see Raw`)];
}
