// A JSON Patch as a table with both sides. Must not parse values to show them. Invariant: "before" is the value at that place
// when the operation comes, so the steps before it are applied in order.

import { button, count, gradually, h, hint, mono, stateLine, visible } from './dom.js';
import { childrenOf, isContainer, raw, said, valueAt } from './json.js';

const SHORT = 400;

const MARKS = { add: ['+', 'added'], remove: ['−', 'removed'], replace: ['≠', 'changed'] };

/** A value that a patch may change inside; looked into when first needed. */
class Place {
	#inside = null;

	constructor(value) {
		this.value = value;
	}

	get inside() {
		if (this.#inside === null) {
			const children = isContainer(this.value) ? childrenOf(this.value) : [];
			this.#inside = this.value.kind === 'array' ? children.map((child) => new Place(child))
				: new Map(children.map((child) => [said(child.name), new Place(child)]));
		}
		return this.#inside;
	}

	at(name) {
		return Array.isArray(this.inside) ? this.inside[Number(name)] : this.inside.get(name);
	}

	put(op, name, value) {
		const list = this.inside;
		if (Array.isArray(list)) {
			const index = name === '-' ? list.length : Number(name);
			list.splice(index, op === 'add' ? 0 : 1, ...(value ? [new Place(value)] : []));
		} else if (value) list.set(name, new Place(value));
		else list.delete(name);
	}
}

const segments = (path) => path.split('/').slice(1).map((one) => one.replace(/~1/g, '/').replace(/~0/g, '~'));

/** The operations of a patch, given as text, on a document: [{ op, path, before, after }], both sides as texts or null. */
function explain(document, patch) {
	const root = new Place(valueAt('{}'));
	root.put('add', '', valueAt(document));
	return childrenOf(valueAt(patch)).map((operation) => {
		const parts = new Map(childrenOf(operation).map((part) => [said(part.name), part]));
		const op = said(raw(parts.get('op')));
		const path = said(raw(parts.get('path')));
		const names = ['', ...segments(path)];
		const last = names.pop();
		const parent = names.reduce((place, name) => place?.at(name), root);
		const value = parts.get('value') ?? null;
		const before = op === 'add' && Array.isArray(parent?.inside) ? null : parent?.at(last);
		parent?.put(op, last, value);
		return { op, path, before: before ? raw(before.value) : null, after: value && raw(value) };
	});
}

function side(text) {
	if (text === null) return hint('not there');
	const shown = h('pre', visible(text.slice(0, SHORT)));
	if (text.length <= SHORT) return shown;
	const more = button(`Show all ${count(text.length)} characters`, () => {
		shown.textContent = visible(text);
		more.remove();
	}, '.small');
	return [shown, more];
}

function row({ op, path, before, after }) {
	const [mark, word] = MARKS[op] ?? ['?', op];
	return h(`tr.${op}`,
		h('td.change', h('span', { 'aria-hidden': 'true' }, `${mark} `), word),
		h('th', { scope: 'row' }, path === '' ? '(the whole document)' : mono(path)),
		h('td', side(before)), h('td', side(after)));
}

/** The table of a patch. `document` is the text that it applies to; `from` and `to` name its sides. */
export function patchTable(document, patch, from, to) {
	const operations = explain(document, patch);
	if (!operations.length) return stateLine('They say the same; only white space or the order of members differs, if anything.');
	const body = h('tbody');
	const heads = ['Change', 'Where', from, to].map((head) => h('th', { scope: 'col' }, head));
	return h('div.diff', h('table', h('caption.unseen', `Differences between ${from} and ${to}`), h('thead', h('tr', heads)), body),
		gradually(body, operations, row));
}
