// The versions of a Tier 1 document. Must not write: rolling back is left to programs. Invariant: a difference names its versions.

import { get, text as request } from './api.js';
import { patchTable } from './diff.js';
import { button, bytes, field, fill, h, plural, region, stateLine, table, time } from './dom.js';
import { JsonTree } from './tree.js';

/** The documents of which every save adds a version. */
export const TIER1 = ['character_roster', 'equipment_sets', 'party_configs'];

export class Versions {
	constructor(document) {
		this.path = `versions/${encodeURIComponent(document)}`;
		this.result = h('div');
		this.element = region('div.result.versions', 'Versions');
		fill(this.element, async () => this.#draw((await get(this.path)).versions), 'The versions could not be loaded. ');
	}

	#draw(versions) {
		if (!versions.length) return stateLine('There are no versions yet.');
		const newestFirst = [...versions].sort((a, b) => b.version - a.version);
		const choice = (chosen) => h('select', newestFirst.map((one, at) =>
			h('option', { value: one.version, selected: at === chosen }, `version ${one.version}, ${time(one.saved_at_ms)}`)));
		const from = choice(Math.min(1, newestFirst.length - 1));
		const to = choice(0);
		const rows = newestFirst.map((one) => [String(one.version), time(one.saved_at_ms), { n: bytes(one.bytes) },
			button('Show', () => this.#show(one.version), '.small', { 'aria-label': `Show version ${one.version}` })]);
		return [h('div.tools', field('From', from), field('to', to), button('Compare', () => this.#compare(from.value, to.value), '.primary')),
			this.result, h('h3', plural(versions.length, 'version')),
			table('Versions', ['Version', 'Saved', { n: 'Size' }, 'Text'], rows)];
	}

	async #tell(title, make) {
		await fill(this.result, async () => [h('h3', { tabindex: -1 }, title), await make()]);
		this.result.firstChild.focus();
	}

	#text(rest, query) {
		return request('GET', `/api/database/${this.path}/${rest}`, { query });
	}

	#compare(from, to) {
		this.#tell(`Version ${from} and version ${to}`, async () => {
			const [patch, before] = await Promise.all([this.#text('diff', { from, to }), this.#text(from)]);
			return patchTable(before.body, patch.body, `Version ${from}`, `Version ${to}`);
		});
	}

	#show(version) {
		this.#tell(`Version ${version}`, async () => {
			const { body } = await this.#text(version);
			const host = h('div');
			new JsonTree(host, `Version ${version}`).show(body);
			return host;
		});
	}
}
