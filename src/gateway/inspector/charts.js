// Lines over time as SVG; values are told to pointer and arrow keys. Must not fetch. Invariant: a line is told apart by its
// dashes and its name, never by colour alone.

import { clock, day, h } from './dom.js';

const HEIGHT = 150;
const LEFT = 66;
const TOP = 8;
const BOTTOM = 24;
const RIGHT = 10;

/** Linear from 0, or by powers of ten. */
function scaleOf(values, isLog) {
	const high = Math.max(1, ...values);
	if (!isLog) return { low: 0, top: high * 1.05, named: ticks(high * 1.05), place: (value) => value };
	const low = Math.floor(Math.log10(Math.min(high, ...values)));
	const top = Math.max(low + 1, Math.ceil(Math.log10(high)));
	return { low, top, named: Array.from({ length: top - low + 1 }, (_, at) => 10 ** (low + at)), place: Math.log10 };
}

/** Round steps from 0 on, of 1, 2 or 5 times a power of ten, so that some four of them cover the range. */
function ticks(high) {
	const power = 10 ** Math.floor(Math.log10(high / 4));
	const step = [1, 2, 5, 10].find((one) => one * power >= high / 4) * power;
	return Array.from({ length: Math.floor(high / step) + 1 }, (_, at) => at * step);
}

export class LineChart {
	#series = [];
	#at = null;

	/** format(value) writes a value of the axis; empty is said as long as there are fewer than two points. */
	constructor(title, format, empty, isLog = false) {
		Object.assign(this, { title, format, empty, isLog });
		this.svg = h('svg:svg', {
			tabindex: 0, role: 'img', height: HEIGHT, onkeydown: (event) => this.#key(event),
			onpointermove: (event) => this.#point(event.offsetX), onpointerleave: () => this.#ask(null),
			onfocus: () => this.#ask(this.#times.length - 1), onblur: () => this.#ask(null),
		});
		this.readout = h('p.readout');
		this.legend = h('p.legend');
		this.element = h('figure.chart', h('figcaption', title), this.svg, this.legend, this.readout);
		new ResizeObserver(() => this.#draw()).observe(this.element);
	}

	/** series: [{ name, points: [[time, value]] }]; all with the same times; null where there is no value. */
	show(series) {
		this.#series = series;
		this.legend.replaceChildren(...(series.length < 2 ? [] : series.map((one, at) => h('span',
			h('svg:svg', { width: 26, height: 8, 'aria-hidden': 'true' },
				h(`svg:line.line.line-${at}`, { x1: 0, x2: 26, y1: 4, y2: 4 })), one.name))));
		this.#draw();
	}

	get #times() {
		return this.#series[0]?.points.map(([time]) => time) ?? [];
	}

	#key(event) {
		const last = this.#times.length - 1;
		const to = { ArrowLeft: (this.#at ?? last) - 1, ArrowRight: (this.#at ?? last) + 1, Home: 0, End: last }[event.key];
		if (to === undefined) return;
		event.preventDefault();
		this.#ask(Math.max(0, Math.min(last, to)));
	}

	#point(x) {
		if (!this.x || this.#times.length < 2) return;
		const distances = this.#times.map((time) => Math.abs(this.x(time) - x));
		this.#ask(distances.indexOf(Math.min(...distances)));
	}

	#ask(at) {
		this.#at = at;
		this.#draw();
	}

	#draw() {
		const width = this.element.clientWidth;
		const times = this.#times;
		if (!width) return;
		this.svg.setAttribute('width', width);
		if (times.length < 2) {
			this.svg.setAttribute('aria-label', `${this.title}: ${this.empty}`);
			this.svg.replaceChildren(h('svg:text', { x: width / 2, y: HEIGHT / 2, 'text-anchor': 'middle' }, this.empty));
			return;
		}
		const [first, last] = [times[0], times.at(-1)];
		const values = this.#series.flatMap((one) => one.points.map(([, value]) => value)).filter((value) => value !== null);
		const { low, top, named, place } = scaleOf(values, this.isLog);
		this.x = (time) => LEFT + ((time - first) / (last - first || 1)) * (width - LEFT - RIGHT);
		const y = (value) => TOP + (1 - (place(value) - low) / (top - low)) * (HEIGHT - TOP - BOTTOM);
		this.svg.replaceChildren(...this.#axes(width, named, y, first, last), ...this.#lines(y), ...this.#cursor(times, y));
		this.svg.setAttribute('aria-label', `${this.title}, ${this.#told(times.length - 1)}. Arrow keys read other moments.`);
	}

	#axes(width, steps, y, first, last) {
		const label = last - first > 2 * 86400000 ? day : clock;
		const grid = steps.flatMap((value) => [
			h('svg:line.grid', { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
			h('svg:text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, this.format(value))]);
		const places = [[first, 'start'], [(first + last) / 2, 'middle'], [last, 'end']];
		return [...grid, ...places.map(([time, anchor]) =>
			h('svg:text', { x: this.x(time), y: HEIGHT - 6, 'text-anchor': anchor }, label(time)))];
	}

	#lines(y) {
		return this.#series.map(({ points }, at) => h(`svg:polyline.line.line-${at}`, {
			points: points.filter(([, value]) => value !== null).map(([time, value]) => `${this.x(time)},${y(value)}`).join(' '),
		}));
	}

	#cursor(times, y) {
		// Told aloud only to those who ask.
		this.readout.setAttribute('aria-live', this.#at === null ? 'off' : 'polite');
		this.readout.textContent = this.#told(this.#at ?? times.length - 1);
		if (this.#at === null || this.#at >= times.length) return [];
		const x = this.x(times[this.#at]);
		return [h('svg:line.cursor', { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }),
			...this.#series.map((one) => one.points[this.#at][1]).filter((value) => value !== null)
				.map((value) => h('svg:circle.cursor', { cx: x, cy: y(value), r: 3 }))];
	}

	#told(at) {
		const time = this.#times[at];
		if (time === undefined) return '';
		const values = this.#series.map((one) => `${this.#series.length > 1 ? `${one.name} ` : ''}${this.format(one.points[at][1])}`);
		return `${day(time)} ${clock(time)}: ${values.join(', ')}`;
	}
}
