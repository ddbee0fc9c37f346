// What `potstill explain` prints: an error code, a component or an option of it, a key of recipes.
import type { ComponentKind, Method } from '../contracts/index.js';
import { explainCode, nearestCode } from '../errors/explain.js';
import { PotstillError } from '../errors/potstill-error.js';
import { didYouMean, nearest } from '../errors/suggest.js';
import { jsonSchemaOf, type JsonSchema } from '../recipe/json-schema.js';
import type { FoundComponent } from '../recipe/lookup.js';
import { slots } from '../recipe/slots.js';
import { accepted, kindWords, quote } from '../recipe/words.js';
import { explainRecipeKey, recipeKeys } from './recipe-keys.js';
import type { Registry } from './registry.js';
import { schemePage, schemesCalled } from './schemes.js';

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
    return [row, ...rowsBelow(option, name)];
  });
}

/** Rows of the keys within an option: of a map, and of the values of a map with keys of the user's own (`NAME`). */
function rowsBelow(option: JsonSchema, name: string): OptionRow[] {
  if (option.properties !== undefined) return rowsOf(option, `${name}.`);
  const { additionalProperties: values } = option;
  if (typeof values !== 'object') return [];
  const branches = (values.anyOf ?? [values]).map((branch) => rowsBelow(branch, `${name}.NAME`));
  // What one of several maps requires, the others do not have.
  const several = branches.filter((rows) => rows.length > 0).length > 1;
  const rows = branches
    .flat()
    .map((row) => (several && row.default === 'required' ? { ...row, default: '' } : row));
  return rows.filter((row, i) => rows.findIndex((each) => each.name === row.name) === i);
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
  const parts = [head, definition.help, ...methodPart(definition.method), options];
  const outputs = Object.entries(definition.outputs ?? {});
  if (outputs.length > 0) parts.push(table([['output', ''], ...outputs]));
  if (definition.needsTeacher === true)
    parts.push('It compares with a teacher, so the recipe must have one.');
  if (beside.length > 0) parts.push(`A recipe may write beside these: ${beside.map(quote).join(', ')}.`);
  return parts.join('\n\n');
}

/** Citation, formula and the names that other libraries give a published method. */
function methodPart(method: Method | undefined): readonly string[] {
  if (method === undefined) return [];
  const elsewhere = Object.entries(method.aliases ?? {}).map(([library, names]) => [
    library,
    names.join(', '),
  ]);
  const rows = [['paper', method.paper], ['', method.url], ['formula', method.formula], ...elsewhere];
  return [table(rows), ...(method.note === undefined ? [] : [method.note])];
}

/** `mlp.hidden`: one option of a component. */
function explainOption(topic: string, registry: Registry): readonly string[] {
  const dot = topic.indexOf('.');
  return findAll(topic.slice(0, Math.max(0, dot)), registry).flatMap((found) => {
    const row = optionRows(found).find(({ name }) => name === topic.slice(dot + 1));
    if (row === undefined) return [];
    const { definition } = found;
    const value =
      row.default === 'required' ? ' It is required.' : row.default === '' ? '' : ` Default: ${row.default}.`;
    const head = `${topic}: option of the ${kindWords[definition.kind]} ${definition.name}`;
    return [[head, ...(row.help === '' ? [] : [row.help]), `It takes ${row.type}.${value}`].join('\n\n')];
  });
}

/** The pages of what another library calls by that name. */
function explainAlias(topic: string, registry: Registry): readonly string[] {
  return registry
    .aliased(topic)
    .map(({ found, alias, library }) =>
      [`${alias} of ${library} is ${quote(found.definition.name)} here.`, explainComponent(found)].join(
        '\n\n',
      ),
    );
}

function findAll(name: string, registry: Registry): readonly FoundComponent[] {
  return registry.kindsOf(name).map((kind): FoundComponent => registry.get<ComponentKind>(kind, name));
}

/** Pages that the caller has, such as those of commands, and the names that they go by. */
export interface MorePages {
  readonly pages: readonly string[];
  readonly names: readonly string[];
}

/**
 * The pages for a topic: an error code, a component of any kind or one of its options, a key of recipes, and what the
 * caller has. A topic without a page is a USAGE error with near names.
 */
export function explain(
  topic: string,
  registry: Registry,
  more: MorePages = { pages: [], names: [] },
): string {
  const code = explainCode(topic);
  if (code !== undefined) return code;
  const key = explainRecipeKey(topic);
  const pages = [
    ...more.pages,
    ...findAll(topic, registry).map(explainComponent),
    ...explainAlias(topic, registry),
    ...schemesCalled(topic).map(schemePage),
    ...schemesCalled(topic).map(schemePage),
    ...explainOption(topic, registry),
    ...(key === undefined ? [] : [key]),
  ];
  if (pages.length > 0) return pages.join('\n\n');
  const components = registry.all().map(({ definition }) => definition.name);
  const names = [...new Set([...components, ...more.names, ...recipeKeys()])].sort();
  const meant = nearestCode(topic.toUpperCase()) ?? didYouMean(topic, names);
  throw new PotstillError({
    code: 'USAGE',
    message: `there is no component, recipe key, command or error code named ${quote(topic)}`,
    ...(meant === undefined
      ? { allowed: nearest(topic, names, 3), allowedCount: names.length }
      : { hint: `did you mean ${quote(meant)}?` }),
  });
}
