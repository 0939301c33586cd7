// Confirmations and the list of keys. Must not act by itself. Invariant: nothing that cannot be undone runs without a button
// that names it, and what goes wrong is said in the dialog, which stays open.

import { button, byId, h } from './dom.js';

/** Shows content with a title until it is closed; `action` is a button before the closing one. */
export function show(title, content, action, closing = 'Close') {
	const dialog = byId('dialog');
	const close = button(closing, () => dialog.close());
	dialog.replaceChildren(h('h2', { id: 'dialog-title' }, title), h('div.dialog-body', content), h('p.actions', action, close));
	dialog.showModal();
	close.focus();
}

/** Asks before `run`; closes when it has succeeded. */
export function confirm(title, action, content, run) {
	const failed = h('p.bad', { role: 'alert' });
	const act = button(action, async () => {
		act.disabled = true;
		failed.textContent = '';
		try {
			await run();
			byId('dialog').close();
		} catch (error) {
			failed.textContent = error.message;
			act.disabled = false;
		}
	}, '.danger');
	show(title, [content, failed].flat(), act, 'Cancel');
}
