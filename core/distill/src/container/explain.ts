// What `potstill explain` prints: an error code, or a component with its options.
import type { ComponentKind } from '../contracts/index.js';
import { explainCode, nearestCode } from '../errors/explain.js';
import { PotstillError } from '../errors/potstill-error.js';
import { didYouMean, nearest } from '../errors/suggest.js';
import { jsonSchemaOf, type JsonSchema } from '../recipe/json-schema.js';
import type { FoundComponent } from '../recipe/lookup.js';
import { slots } from '../recipe/slots.js';
import { accepted, kindWords, quote } from '../recipe/words.js';
import type { Registry } from './registry.js';

/** One option of a component. */
export interface OptionRow {
  readonly name: string;
  /** What it accepts. */
  readonly type: string;
  /** As JSON; `required` when there is none and it must be given, empty when it may be left out. */
  readonly default: string;
  readonly help: string;
}

function rowsOf(schema: JsonSchema, prefix = ''): OptionRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const name = prefix + key;
    const fallback = option.default === undefined ? '' : JSON.stringify(option.default);
    const row: OptionRow = {
      name,
      type: accepted(option),
      default: fallback !== '' ? fallback : schema.required?.includes(key) ? 'required' : '',
      help: option.description ?? '',
    };
    return option.properties === undefined ? [row] : [row, ...rowsOf(option, `${name}.`)];
  });
}

/** The options of a component, nested ones with dotted names. */
export function optionRows({ definition }: FoundComponent): readonly OptionRow[] {
  return rowsOf(jsonSchemaOf(definition.options));
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A component's page: kind, plugin, help, options. */
export function explainComponent(found: FoundComponent): string {
  const { definition, plugin } = found;
  const rows = optionRows(found);
  const beside = slots.find(({ kind }) => kind === definition.kind)?.own ?? [];
  const head = `${definition.name}: ${kindWords[definition.kind]} of ${plugin.name} ${plugin.version}`;
  const options =
    rows.length === 0
      ? 'It has no options.'
      : table([
          ['option', 'accepts', 'default', ''],
          ...rows.map((row) => [row.name, row.type, row.default, row.help]),
        ]);
  const parts = [head, definition.help, options];
  if (definition.needsTeacher === true) parts.push('It compares with a teacher, which the recipe must have.');
  if (beside.length > 0) parts.push(`Recipes take beside these: ${beside.map(quote).join(', ')}.`);
  return parts.join('\n\n');
}

/** The page for an error code or a component of any kind; what is neither is a USAGE error with near names. */
export function explain(topic: string, registry: Registry): string {
  const code = explainCode(topic);
  if (code !== undefined) return code;
  const found = registry
    .kindsOf(topic)
    .map((kind): FoundComponent => registry.get<ComponentKind>(kind, topic));
  if (found.length > 0) return found.map(explainComponent).join('\n\n');
  const names = [...new Set(registry.all().map(({ definition }) => definition.name))].sort();
  const meant = nearestCode(topic.toUpperCase()) ?? didYouMean(topic, names);
  throw new PotstillError({
    code: 'USAGE',
    message: `${quote(topic)} is neither an error code nor a component`,
    ...(meant === undefined
      ? { allowed: nearest(topic, names, 3), allowedCount: names.length }
      : { hint: `did you mean ${quote(meant)}?` }),
  });
}
