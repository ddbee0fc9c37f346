// Texts that were meant as a number or as true or false: quoted, or written as another format writes them.
import type { JsonSchema } from './json-schema.js';

/** A number as YAML reads it, in JSON's or a shorter form. */
const numeral = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Thousands set apart, which YAML takes for text. */
const grouped = /^[+-]?\d{1,3}(?:[_ ,]\d{3})+(?:\.\d+)?$/;

const words: Readonly<Record<string, string>> = {
  true: 'true',
  yes: 'true',
  on: 'true',
  false: 'false',
  no: 'false',
  off: 'false',
};

/** The types that a schema takes at its top, those of its branches too. */
function typesOf(schema: JsonSchema): readonly string[] {
  const inside = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(typesOf);
  return [...(typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])), ...inside];
}

/** True for a text that is a number but for its quotes. */
export function isQuotedNumber(text: string): boolean {
  return numeral.test(text.trim());
}

/** How to write a number or truth value that stands there as text; undefined when it is no such text, or text is right. */
export function textHint(value: unknown, schema: JsonSchema): string | undefined {
  if (typeof value !== 'string') return undefined;
  const types = typesOf(schema);
  const text = value.trim();
  if (types.includes('number') || types.includes('integer')) {
    if (numeral.test(text)) return `write it without quotes: ${text}`;
    if (grouped.test(text)) return `write it as ${text.replace(/[_ ,]/g, '')}`;
  }
  const word = types.includes('boolean') ? words[text.toLowerCase()] : undefined;
  if (word === undefined) return undefined;
  return word === text.toLowerCase() ? `write it without quotes: ${word}` : `write it as ${word}`;
}
