// The view of rate limits. Must not ask while out of sight. Invariant: every bar stands beside the numbers that it draws.

import { get } from './api.js';
import { count, h, plural, span, stateLine, table } from './dom.js';

const EVERY = 3000;

export class LimitsView {
	#timer = 0;

	constructor(panel) {
		this.panel = panel;
		this.place = h('div.card', stateLine('Loading …'));
		panel.append(this.place);
	}

	async show() {
		this.hide();
		try {
			const { endpoints, connections } = await get('limits');
			this.place.replaceChildren(h('h2', 'Requests in the last 60 seconds'),
				h('p.hint', `${plural(connections, 'connection')} open. What is beyond a limit is answered with 429 and counts as rejected.`),
				table('Rate limits', ['Endpoint', 'Request', 'Used', { n: 'Rejected' }, { n: 'Resets in' }], endpoints.map(row)));
		} catch (error) {
			this.place.replaceChildren(stateLine(`The limits could not be loaded. ${error.message}`, () => this.show()));
			if (error.status === 401) return;
		}
		this.hide();
		if (!this.panel.hidden) this.#timer = setTimeout(() => this.show(), EVERY);
	}

	hide() {
		clearTimeout(this.#timer);
	}
}

function row(one) {
	const share = one.per_minute ? Math.min(1, one.used / one.per_minute) : 0;
	const bar = h(share >= 0.9 ? 'span.bar.full' : 'span.bar', { 'aria-hidden': 'true' }, h('span'));
	bar.firstChild.style.width = `${share * 100}%`;
	return [one.id, h('span.mono', `${one.method} ${one.path}`),
		h('span.used', bar, ` ${count(one.used)} of ${count(one.per_minute)}`),
		{ n: one.rejected ? h('b.bad', count(one.rejected)) : '0' }, { n: one.used ? span(one.reset_ms) : '–' }];
}
