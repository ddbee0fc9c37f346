// The words of recipe errors: what a schema accepts and what was found, in one phrase each.
import type { z } from 'zod';
import type { ComponentKind } from '../contracts/index.js';
import { shortened, visibleLine } from '../text/visible.js';
import { jsonSchemaOf, type JsonSchema } from './json-schema.js';

export const kindWords = {
  teacher: 'teacher',
  student: 'student',
  loss: 'loss',
  dataset: 'data set',
  metric: 'metric',
  task: 'task',
  adjustment: 'adjustment',
  transform: 'transform',
  optimizer: 'optimizer',
  schedule: 'schedule',
  exporter: 'exporter',
} as const satisfies Record<ComponentKind, string>;

/** A name or value within a sentence: in one line, and not longer than can be read. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `\`${visibleLine(shortened(text, 200))}\``;
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[], last = 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${String(words.at(-1))}`;
}

/** What was found, with its type, so that `"5"` and `5` differ. */
export function found(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') {
    return `the text ${quote(shortened(value, 60))}`;
  }
  if (typeof value === 'boolean') return quote(value);
  if (typeof value === 'number') return `the number ${String(value)}`;
  if (Array.isArray(value)) {
    return value.length === 0
      ? 'an empty list'
      : `a list of ${value.length} ${value.length === 1 ? 'entry' : 'entries'}`;
  }
  return 'a map';
}

function range(schema: JsonSchema): string {
  // zod bounds every integer by what a double holds exactly; that is no news to the reader.
  const safe = (value: number | undefined) =>
    value !== undefined && Math.abs(value) !== Number.MAX_SAFE_INTEGER ? value : undefined;
  const minimum = safe(schema.minimum);
  const maximum = safe(schema.maximum);
  const above = safe(schema.exclusiveMinimum);
  const below = safe(schema.exclusiveMaximum);
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low =
    minimum !== undefined ? ` of at least ${minimum}` : above !== undefined ? ` above ${above}` : '';
  const high =
    maximum !== undefined ? ` of at most ${maximum}` : below !== undefined ? ` below ${below}` : '';
  return low !== '' && high !== '' ? `${low} and${high.replace(' of', '')}` : low + high;
}

function plural(phrase: string): string {
  return phrase
    .replace(/^an? (loss)\b/, '$1es')
    .replace(/^an? (whole number|number|list|map|component|data set|teacher)\b/, '$1s')
    .replace(/^text\b/, 'texts');
}

function listOf(schema: JsonSchema): string {
  const fixed = schema.prefixItems ?? (Array.isArray(schema.items) ? schema.items : undefined);
  if (fixed !== undefined) return `a list of ${(fixed as readonly JsonSchema[]).map(accepted).join(', ')}`;
  const { minItems = 0, maxItems } = schema;
  const item = schema.items === undefined ? 'anything' : accepted(schema.items as JsonSchema);
  const count = minItems === 0 ? '' : minItems === maxItems ? `${minItems} ` : `at least ${minItems} `;
  if (item === 'anything')
    return count === '' ? 'a list' : `a list of ${count}${minItems === 1 ? 'entry' : 'entries'}`;
  return `a list of ${count}${minItems === 1 ? item.replace(/^an? /, '') : plural(item)}`;
}

/** What a JSON Schema accepts. */
export function accepted(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.const !== undefined) return quote(schema.const);
  if (schema.enum !== undefined) return either(schema.enum.map(quote));
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return either([...new Set(branches.map(accepted))]);
  const { type } = schema;
  if (typeof type === 'object') return either(type.map((one) => accepted({ ...schema, type: one })));
  switch (type) {
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'string':
      return schema.pattern === undefined ? 'text' : `text of the form /${schema.pattern}/`;
    case 'boolean':
      return '`true` or `false`';
    case 'null':
      return '`null`';
    case 'array':
      return listOf(schema);
    case 'object': {
      const keys = Object.keys(schema.properties ?? {});
      return keys.length > 0 && keys.length <= 6 ? `a map of ${keys.map(quote).join(', ')}` : 'a map';
    }
    case undefined:
    default:
      return 'anything';
  }
}

/** What a zod schema accepts of a recipe's text. */
export function expectation(schema: z.ZodType): string {
  return accepted(jsonSchemaOf(schema));
}
