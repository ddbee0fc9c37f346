// HTML by tagged template: whatever is inserted is escaped, unless it is HTML already.
import type { Html as HtmlPiece } from '../contracts/index.js';

/** A piece of HTML that is safe to insert as it is. */
export class Html implements HtmlPiece {
  constructor(readonly text: string) {}
}

type Part = HtmlPiece | string | number | undefined | false | readonly Part[];

/**
 * What HTML forbids (control characters, lone surrogates, noncharacters), and the characters that change the direction
 * of text around them.
 */
const unprintable =
  /[^\t\n\r\u0020-\u007e\u00a0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Escapes text for element content and quoted attributes. What cannot be printed is shown as `\u202e`. */
function escape(text: string): string {
  return text
    .replaceAll(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  // What only looks like HTML is text.
  if (typeof part === 'object') return 'text' in part ? escape(part.text) : part.map(render).join('');
  return escape(String(part));
}

/** html`<p>${name}</p>`: strings and numbers are escaped, arrays joined, undefined and false left out. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(parts[i - 1]) + string));
}

/** Text of messages: escaped, and what stands between backticks set as code. */
export function prose(text: string): Html {
  return new Html(escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>'));
}
