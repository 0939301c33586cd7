// Writing one document. Must not save without naming the revision that it replaces. Invariant: a conflict changes nothing; both
// texts stay in sight until a person has chosen.

import { documentPath, text as request } from './api.js';
import { button, count, h, hint, region, stateLine, time } from './dom.js';

const MOST_SHOWN = 100000;

export class Editor {
	#key;
	#saved;
	#revision;

	/** leave() is called when it may be over; what then is changed but not saved is not to be thrown away unasked. */
	constructor(key, text, revision, leave) {
		this.#key = key;
		this.#saved = text;
		this.#revision = revision;
		this.leave = leave;
		this.area = h('textarea', { spellcheck: 'false', autocomplete: 'off', 'aria-label': 'JSON of the document' });
		this.area.value = text;
		this.save = button('Save', () => this.#save(), '.primary');
		this.note = h('div');
		this.problem = h('div', { role: 'alert' });
		this.element = h('div.editor', this.area, this.problem, this.note,
			h('div.tools', this.save, button('Cancel', () => this.leave())));
	}

	get isChanged() {
		return this.area.value !== this.#saved;
	}

	/** The store has another revision now; null if the document is gone. */
	changed(revision) {
		if (revision === this.#revision) return;
		this.note.replaceChildren(stateLine(revision === null ? 'This document was cleared while you edit it.'
			: `Revision ${revision} was saved while you edit revision ${this.#revision}. Saving will ask what to keep.`));
	}

	#fail(words) {
		this.problem.replaceChildren(h('p.bad', `It was not saved. ${words}`));
	}

	async #save() {
		const condition = this.#revision === null ? { 'If-None-Match': '*' } : { 'If-Match': `"${this.#revision}"` };
		this.save.disabled = true;
		this.problem.replaceChildren();
		try {
			await request('PUT', documentPath(this.#key),
				{ body: this.area.value, headers: { 'Content-Type': 'application/json', ...condition } });
			// What is typed is what is saved: leaving loses nothing.
			this.#saved = this.area.value;
			this.leave();
		} catch (error) {
			if (error.status === 412) await this.#conflict();
			else this.#fail(error.message);
		}
		this.save.disabled = false;
	}

	async #conflict() {
		let now = null;
		try {
			now = await request('GET', documentPath(this.#key));
		} catch (error) {
			if (error.status !== 404) return this.#fail(`Somebody saved it meanwhile. ${error.message}`);
		}
		const words = now ? `Not saved: revision ${now.revision} is there now, you edit revision ${this.#revision}.`
			: 'Not saved: the document was cleared meanwhile.';
		const mine = button(now ? 'Save mine over it' : 'Save mine as new', () => {
			this.#revision = now && now.revision;
			this.#save();
		}, '.danger');
		this.problem.replaceChildren(h('div.conflict', h('p.bad', words), now && [
			hint(`What is there now, saved ${time(now.savedAtMs)}, ${count(now.body.length)} characters:`),
			region('pre.raw', 'What is there now', now.body.slice(0, MOST_SHOWN))],
		h('div.tools', mine, now && button('Take what is there now', () => {
			this.#saved = this.area.value;
			this.leave();
		}), button('Keep editing', () => {
			this.problem.replaceChildren();
			this.area.focus();
		}))));
		return mine.focus();
	}
}
