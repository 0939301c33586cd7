// The open document: facts, tree, raw text, versions, and the ways to change it. Must not show a number other than as saved.
// Invariant: what is shown is one revision whole; later ones never replace what somebody is typing.

import { documentPath, text as request } from './api.js';
import { confirm } from './dialog.js';
import { bytes, button, byId, copy, count, facts, gathered, h, hint, mono, region, stateLine, time } from './dom.js';
import { Editor } from './editor.js';
import { whyNotWrite } from './store.js';
import { JsonTree } from './tree.js';
import { TIER1, Versions } from './versions.js';

const MOST_RAW = 1000000;
const SCROLLS = '.tree, .raw';

/** Keys that the store itself writes. */
const isOwn = (key) => /^save_metadata\/|^(character_roster|equipment_sets|party_configs)_v\d*$/.test(key);

export class DocumentPane {
	#key = null;
	#document = null;
	#turn = 0;
	#view = 'Tree';
	#editor = null;

	constructor({ closed, opened }) {
		this.closed = closed;
		this.opened = opened;
		this.element = h('div.document');
		this.refreshSoon = gathered(() => this.#key !== null && this.#load(true), 500);
		this.#empty();
	}

	#empty() {
		this.element.replaceChildren(stateLine('Choose a document to read it here.'));
	}

	/** Shows a document; with `focus`, the keyboard goes there. */
	async open(key, focus = false) {
		if (!(await this.#leaveEditor())) return;
		this.#key = key;
		this.#document = null;
		if (this.#view === 'Versions' && !TIER1.includes(key)) this.#view = 'Tree';
		this.opened(key);
		this.element.replaceChildren(stateLine('Loading …'));
		await this.#load(false);
		if (focus && this.#key === key) this.#focus();
	}

	async #load(isRefresh) {
		const turn = ++this.#turn;
		let found;
		try {
			found = await request('GET', documentPath(this.#key));
		} catch (error) {
			if (turn !== this.#turn) return;
			if (!this.#editor) this.#gone(error);
			else if (error.status === 404) this.#editor.changed(null);
			return;
		}
		const { body, revision } = found;
		if (turn !== this.#turn || (isRefresh && this.#document?.revision === revision && this.#document.body === body)) return;
		if (this.#editor) this.#editor.changed(revision);
		else {
			this.#document = found;
			this.#draw();
		}
	}

	#focus(where = SCROLLS) {
		(this.element.querySelector(where) ?? this.element.querySelector('.close'))?.focus();
	}

	#gone(error) {
		const words = error.status === 404 ? 'It is not there, or no longer.' : error.message;
		this.#document = null;
		this.element.replaceChildren(this.#title(), stateLine(`This document could not be loaded. ${words}`, () => this.#load(false)));
	}

	#title() {
		return h('div.title', h('h2', mono(this.#key)), button('Close', () => this.close(), '.small.close'));
	}

	#draw() {
		const { body, revision, savedAtMs } = this.#document;
		const size = new Blob([body]).size;
		const { activeElement: focused } = document;
		const isInside = this.element.contains(focused);
		const scrolled = this.element.querySelector(SCROLLS)?.scrollTop ?? 0;
		this.content = h('div.content');
		this.element.replaceChildren(this.#title(),
			facts(['Revision', revision ?? 'unknown'], ['Saved', savedAtMs ? time(savedAtMs) : 'unknown'],
				['Size', size < 1000 ? bytes(size) : `${bytes(size)} (${count(size)} bytes)`]),
			this.#tools(), this.content);
		this.permit();
		this.#drawView();
		if (scrolled) this.element.querySelector(SCROLLS).scrollTop = scrolled;
		if (isInside) this.#focus(focused.matches(SCROLLS) ? SCROLLS : '.close');
	}

	#tools() {
		const views = ['Tree', 'Raw', TIER1.includes(this.#key) && 'Versions'].filter(Boolean).map((view) => button(view, () => {
			this.#view = view;
			this.content.replaceChildren();
			this.#draw();
			this.#focus('[aria-pressed=true]');
		}, '', { 'aria-pressed': String(this.#view === view) }));
		const copied = button('Copy', () => copy(this.#document.body, copied));
		this.edit = button('Edit', () => this.#edit());
		this.clear = button('Clear …', () => this.#clear());
		this.reason = hint();
		return h('div.tools', views, copied, this.#view === 'Tree' && [
			button('Open all', () => this.tree.openAll() || (this.reason.textContent = 'Too large to open all of it.')),
			button('Close all', () => this.tree.closeAll())], this.edit, this.clear, this.reason);
	}

	permit() {
		if (!this.edit) return;
		const why = isOwn(this.#key ?? '') ? 'The store itself writes this one.' : whyNotWrite();
		this.edit.disabled = this.clear.disabled = why !== '';
		this.reason.textContent = why;
	}

	#drawView() {
		const { body } = this.#document;
		if (this.#view === 'Tree') {
			const host = h('div');
			this.content.replaceChildren(host);
			this.tree = new JsonTree(host, `Document ${this.#key}`);
			this.tree.show(body);
		} else if (this.#view === 'Raw') {
			if (body.length > MOST_RAW) {
				this.content.append(stateLine(`The first ${count(MOST_RAW)} of ${count(body.length)} characters; Copy takes all.`));
			}
			this.content.append(region('pre.raw', 'Raw text', body.slice(0, MOST_RAW)));
		} else this.content.append(new Versions(this.#key).element);
	}

	#edit() {
		const { body, revision } = this.#document;
		this.#editor = new Editor(this.#key, body, revision, () => this.open(this.#key, true));
		this.element.replaceChildren(this.#title(), this.#editor.element);
		this.#editor.area.focus();
		this.#editor.area.setSelectionRange(0, 0);
	}

	#clear() {
		const { revision } = this.#document;
		confirm('Clear this document?', 'Clear it', h('p', `Revision ${revision} of `, mono(this.#key),
			' will be gone from the store. Only a snapshot that was made before can bring it back.'), async () => {
			try {
				await request('DELETE', documentPath(this.#key), { headers: { 'If-Match': `"${revision}"` } });
			} catch (error) {
				if (error.status === 412) {
					this.refreshSoon();
					throw new Error('It was not cleared: somebody saved or cleared it meanwhile. Cancel, see what is there now, and decide again.');
				}
				if (error.status !== 404) throw error;
			}
			this.close();
		});
	}

	/** Whether nothing that was typed would be lost, or somebody says that it may be. */
	#leaveEditor() {
		if (!this.#editor?.isChanged) {
			this.#editor = null;
			return true;
		}
		confirm('Discard your changes?', 'Discard them', h('p', 'What you typed has not been saved.'), () => (this.#editor = null));
		return new Promise((answer) => {
			byId('dialog').addEventListener('close', () => answer(this.#editor === null), { once: true });
		});
	}

	async close() {
		if (!(await this.#leaveEditor())) return;
		this.#key = this.#document = this.edit = null;
		this.#turn += 1;
		this.#empty();
		this.closed();
	}

	escape() {
		if (this.#key === null || !this.element.contains(document.activeElement)) return false;
		if (this.#editor) this.open(this.#key, true);
		else this.close();
		return true;
	}

	/** Takes note of what a commit changed; null stands for anything. */
	touch(changes) {
		if (this.#key !== null && (changes === null || changes.some((change) => change.key === this.#key))) this.refreshSoon();
	}
}
