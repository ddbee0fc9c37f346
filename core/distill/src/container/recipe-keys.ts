// The keys of recipes as `potstill explain` shows them: `train`, `train.rate`, `losses.weight`.
import { jsonSchemaOf, type JsonSchema } from '../recipe/json-schema.js';
import { recipeSchema } from '../recipe/schema.js';
import { accepted } from '../recipe/words.js';

/** The maps that a schema takes: itself, the branches of a union, the entries of a list. */
function mapsOf(schema: JsonSchema): readonly JsonSchema[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(mapsOf);
  if (schema.items !== undefined && !Array.isArray(schema.items)) return mapsOf(schema.items as JsonSchema);
  return schema.properties === undefined ? [] : [schema];
}

/** Keys directly below a schema, those of all branches, with what they take. */
function keysOf(schema: JsonSchema): ReadonlyMap<string, JsonSchema> {
  return new Map(mapsOf(schema).flatMap((map) => Object.entries(map.properties ?? {})));
}

const whole = (): JsonSchema => jsonSchemaOf(recipeSchema);

/** Dotted names of all keys; lists are passed through. */
export function recipeKeys(): readonly string[] {
  const walk = (schema: JsonSchema, prefix: string): string[] =>
    [...keysOf(schema)].flatMap(([key, below]) => [prefix + key, ...walk(below, `${prefix}${key}.`)]);
  return walk(whole(), '');
}

/** One key's page: what it is, what it accepts, its default and the keys below it. Undefined when there is no such key. */
export function explainRecipeKey(topic: string): string | undefined {
  let schema: JsonSchema | undefined = whole();
  // An index stands for its list.
  for (const key of topic.split('.').filter((part) => !/^\d+$/.test(part)))
    schema = schema && keysOf(schema).get(key);
  if (schema === undefined || topic === '') return undefined;
  const help = schema.description === undefined ? [] : [schema.description];
  const value =
    schema.default === undefined || typeof schema.default === 'object'
      ? ''
      : ` Default: ${JSON.stringify(schema.default)}.`;
  const below = [...keysOf(schema)].map(([key, each]) => `  ${key}: ${each.description ?? accepted(each)}`);
  return [
    `${topic}: key of a recipe`,
    ...help,
    `It takes ${accepted(schema)}.${value}`,
    ...(below.length === 0 ? [] : [['Keys:', ...below].join('\n')]),
  ].join('\n\n');
}
