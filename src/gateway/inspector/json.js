// JSON by its text: where values begin and end. Must not parse numbers or strings to show them. Invariant: every piece is a
// slice of the text as it was saved; a text that is no JSON gives nonsense slices but no endless loop.

const GAP = /[\s,:]*/y;
const TOKEN = /[{}[\]]|[^\s,:{}[\]"]+/y;
const KINDS = { '{': 'object', '[': 'array', '"': 'string', t: 'literal', f: 'literal', n: 'literal' };

/** Where the pattern, which finds something everywhere but at the end of the text, stops matching. */
function after(pattern, text, at) {
	if (at >= text.length) return text.length;
	pattern.lastIndex = at;
	pattern.test(text);
	return pattern.lastIndex;
}

/** A string may be longer than a pattern can follow. */
function afterString(text, at) {
	for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
		let slashes = 0;
		while (text[end - 1 - slashes] === '\\') slashes += 1;
		if (slashes % 2 === 0) return end + 1;
	}
	return text.length;
}

const afterToken = (text, at) => (text[at] === '"' ? afterString(text, at) : after(TOKEN, text, at));

/** The value that begins at `at` or after the gap there; `count` is how many members or elements it has. */
export function valueAt(text, at = 0, name = null) {
	const start = after(GAP, text, at);
	const kind = KINDS[text[start]] ?? 'number';
	let end = afterToken(text, start);
	let tokens = 0;
	for (let depth = kind === 'object' || kind === 'array' ? 1 : 0; depth > 0 && end < text.length; ) {
		const next = after(GAP, text, end);
		const isClosing = text[next] === '}' || text[next] === ']';
		if (depth === 1 && !isClosing) tokens += 1;
		if (isClosing) depth -= 1;
		else if (text[next] === '{' || text[next] === '[') depth += 1;
		end = afterToken(text, next);
	}
	return { text, start, end, kind, name, count: kind === 'object' ? Math.ceil(tokens / 2) : tokens };
}

export const isContainer = (value) => value.kind === 'object' || value.kind === 'array';

export const raw = (value) => value.text.slice(value.start, value.end);

/** What is in an object or array, in the order of the text; a member's name is its token, quotes and all. */
export function childrenOf(value) {
	const { text, kind, count } = value;
	let at = value.start + 1;
	return Array.from({ length: count }, () => {
		let name = null;
		if (kind === 'object') {
			const start = after(GAP, text, at);
			at = afterToken(text, start);
			name = text.slice(start, at);
		}
		const child = valueAt(text, at, name);
		at = child.end;
		return child;
	});
}

/** What a string token says. */
export function said(token) {
	try {
		return JSON.parse(token);
	} catch {
		return token;
	}
}
