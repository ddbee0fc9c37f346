// Text as it may be printed: what a terminal would act on, or would not show, is written out.

/**
 * Control characters but tab and line feed (a terminal obeys escape sequences, and a carriage return overwrites the
 * line), the marks that change the direction of text, line separators, the byte order mark, and halves of a surrogate
 * pair.
 */
const invisible = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

const written = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * The text with every such character as `\u001b`. Tabs and line feeds stay. JSON stays JSON and means the same, since
 * there they can stand in strings only.
 */
export function visible(text: string): string {
  return text.replace(invisible, written);
}

/** The same on one line: tabs and line feeds are written out too. For names within a sentence. */
export function visibleLine(text: string): string {
  return visible(text).replace(/[\t\n]/g, written);
}

/** At most `length` characters, with `…` for what is left out. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  // Not between the two halves of one character.
  return `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
