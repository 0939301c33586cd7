// Makes elements and writes numbers, sizes and times. Must not know the API or a view. Invariant: text from the store becomes
// text nodes only; nothing on this page parses it as HTML.

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element: h('p.state', { onclick }, 'text', child). Tags that begin with 'svg:' are SVG; attributes may be left out. */
export function h(tag, ...children) {
	const [name, ...classes] = tag.split('.');
	const element = name.startsWith('svg:') ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
	if (classes.length) element.setAttribute('class', classes.join(' '));
	const attributes = children[0]?.constructor === Object ? children.shift() : {};
	for (const [attribute, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (attribute.startsWith('on')) element.addEventListener(attribute.slice(2), value);
		else element.setAttribute(attribute, value === true ? '' : value);
	}
	element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

export const byId = (id) => document.getElementById(id);

/** kind: '', or '.small' and so on. */
export const button = (text, onclick, kind = '', more = {}) => h(`button${kind}`, { type: 'button', onclick, ...more }, text);

export const hint = (...content) => h('span.hint', ...content);

/** Text that came from somewhere, apart from the text around it in direction too. */
export const mono = (text) => h('bdi.mono', visible(text));

/** What scrolls by itself must take the focus. */
export const region = (tag, label, ...content) => h(tag, { tabindex: 0, role: 'region', 'aria-label': label }, ...content);

let fields = 0;

/** An input or select with its label in front. */
export function field(label, input) {
	input.id = `field-${++fields}`;
	return h('span.field', h('label', { for: input.id }, label), input);
}

/** Says something to screen readers without moving the focus. */
export function announce(text) {
	byId('announce').textContent = text;
}

/** Characters that hide or turn others are escaped, so that no key passes for another. */
export function visible(text) {
	return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
		(one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export const count = (number) => (number ?? 0).toLocaleString('en');

export const plural = (number, one) => `${count(number)} ${one}${number === 1 ? '' : 's'}`;

export function bytes(number) {
	if (number === null || number === undefined) return '–';
	if (number < 1000) return `${number} B`;
	let value = number;
	let unit = -1;
	while (value >= 999.5 && unit < 3) {
		value /= 1000;
		unit += 1;
	}
	return `${value.toPrecision(3)} ${['KB', 'MB', 'GB', 'TB'][unit]}`;
}

/** A duration that is given in microseconds. */
export function micros(number) {
	if (number === null || number === undefined) return '–';
	const [value, unit] = number < 1000 ? [number, 'µs'] : number < 1e6 ? [number / 1000, 'ms'] : [number / 1e6, 's'];
	return `${value < 100 ? Number(value.toFixed(value < 10 ? 2 : 1)) : Math.round(value)} ${unit}`;
}

const two = (number) => String(number).padStart(2, '0');

export function clock(ms) {
	const date = new Date(ms);
	return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

export function day(ms) {
	const date = new Date(ms);
	return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join('-');
}

/** Date and time in the developer's own zone. */
export const time = (ms) => (ms ? `${day(ms)} ${clock(ms)}` : 'never');

/** How long something lasted, from milliseconds. */
export function span(ms) {
	const seconds = Math.max(0, Math.round(ms / 1000));
	if (seconds < 60) return `${seconds} s`;
	return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** A line in place of content: loading, empty, or what went wrong and a button to try again. */
export function stateLine(text, again) {
	return h(again ? 'div.state.bad' : 'div.state', { role: again ? 'alert' : 'status' },
		h('p', text), again && button('Try again', again));
}

/** Fills a place with what `make` gives, and says meanwhile that it waits, or what went wrong. */
export async function fill(place, make, failed = '', waiting = 'Loading …') {
	place.replaceChildren(stateLine(waiting));
	try {
		place.replaceChildren(...[await make()].flat());
	} catch (error) {
		place.replaceChildren(stateLine(failed + error.message, () => fill(place, make, failed, waiting)));
	}
}

/** Draws so many items at once; gives a button for the next. */
export function gradually(place, items, draw, atOnce = 200) {
	const more = button('', grow, '.small');
	function grow() {
		const shown = place.childElementCount;
		place.append(...items.slice(shown, shown + atOnce).map(draw));
		const left = items.length - place.childElementCount;
		more.hidden = !left;
		more.textContent = `Show more; ${count(left)} are left`;
	}
	grow();
	return more;
}

/** A table; each row is an array of cells, a cell a text or a node, or { n: text } for a number. */
export function table(caption, heads, rows) {
	const cell = (tag, value, scope = null) =>
		(value?.constructor === Object ? h(`${tag}.n`, { scope }, value.n) : h(tag, { scope }, value));
	return h('table', h('caption.unseen', caption),
		h('thead', h('tr', heads.map((head) => cell('th', head, 'col')))),
		h('tbody', rows.map(([first, ...others]) =>
			h('tr', cell('th', first, 'row'), others.map((value) => cell('td', value))))));
}

/** Names and values, as in a fact sheet. */
export const facts = (...pairs) => h('dl.facts', pairs.filter(Boolean).map(([name, value]) =>
	h('div', h('dt', name), h('dd', value))));

/** Runs the last call once, `wait` ms after the first, so that a busy store costs a steady rate. */
export function gathered(run, wait) {
	let timer = 0;
	return () => {
		timer ||= setTimeout(() => {
			timer = 0;
			run();
		}, wait);
	};
}

export async function copy(text, from) {
	const before = from.textContent;
	from.textContent = await (async () => navigator.clipboard.writeText(text))().then(() => 'Copied', () => 'The browser refused');
	announce(from.textContent);
	setTimeout(() => (from.textContent = before), 1500);
}
