// The JSON Schema of recipes with the components of certain plugins: their names, and the options of each.
import type { ComponentKind } from '../contracts/index.js';
import { strict } from './components.js';
import { jsonSchemaOf, optional, recipeJsonSchema, type JsonSchema } from './json-schema.js';
import type { FoundComponent } from './lookup.js';
import { slots } from './slots.js';

/** What a map with `use` must be at a slot of a kind; `whole` where nothing can be inherited through `extends`. */
const definitionName = (kind: ComponentKind, whole: boolean) => (whole ? `${kind}-whole` : kind);

const reference = (kind: ComponentKind, whole: boolean): JsonSchema => ({
  $ref: `#/definitions/${definitionName(kind, whole)}`,
});

/** One of the names; nothing where there are none, since an empty `enum` is not allowed. */
const oneOf = (names: readonly string[]): JsonSchema => (names.length === 0 ? { not: {} } : { enum: names });

function optionsOf({ definition }: FoundComponent): JsonSchema {
  const { $schema: _, ...schema } = jsonSchemaOf(strict(definition.options));
  // A schema that refers to itself means its own root, which is another one here.
  return JSON.stringify(schema).includes('"$ref"') ? {} : schema;
}

/** Keys that stand beside a component's options; their values are checked where the slot itself is described. */
function beside(kind: ComponentKind): Readonly<Record<string, JsonSchema>> {
  const own = slots.filter((slot) => slot.kind === kind).flatMap((slot) => slot.own);
  return Object.fromEntries(['use', ...own].map((key) => [key, {}]));
}

function definition(kind: ComponentKind, components: readonly FoundComponent[], whole: boolean): JsonSchema {
  // One condition a component, rather than a union: editors then complete and tell of the one that is meant.
  const each = components.map((found): JsonSchema => {
    const options = whole ? optionsOf(found) : optional(optionsOf(found));
    const { name, help } = found.definition;
    return {
      if: { type: 'object', properties: { use: { const: name } }, required: ['use'] },
      then: { description: help, ...options, properties: { ...options.properties, ...beside(kind) } },
    };
  });
  return {
    properties: { use: oneOf(components.map((found) => found.definition.name)) },
    ...(each.length === 0 ? {} : { allOf: each }),
  };
}

/** The part of a schema at a slot, with the names and options of the components there. */
function atSlot(
  schema: JsonSchema,
  kind: ComponentKind,
  components: readonly FoundComponent[],
  whole: boolean,
) {
  const bare = components
    .filter((each) => (optionsOf(each).required ?? []).length === 0)
    .map((each) => each.definition.name);
  const change = (branch: JsonSchema): JsonSchema => {
    if (branch.anyOf !== undefined) return { ...branch, anyOf: branch.anyOf.map(change) };
    if (branch.type === 'string') return { ...branch, ...oneOf(bare) };
    if (branch.properties?.use === undefined) return branch;
    return { ...branch, allOf: [reference(kind, whole)] };
  };
  return change(schema);
}

/** Changes the part of a schema at a path of a slot; `*` stands for the entries of a list. */
function changeAt(
  schema: JsonSchema,
  [key, ...rest]: readonly string[],
  change: (schema: JsonSchema) => JsonSchema,
): JsonSchema {
  if (key === undefined) return change(schema);
  const inside = (part: JsonSchema) => changeAt(part, rest, change);
  if (schema.anyOf !== undefined)
    return { ...schema, anyOf: schema.anyOf.map((branch) => changeAt(branch, [key, ...rest], change)) };
  if (key === '*')
    return schema.items === undefined ? schema : { ...schema, items: inside(schema.items as JsonSchema) };
  const part = schema.properties?.[key];
  return part ? { ...schema, properties: { ...schema.properties, [key]: inside(part) } } : schema;
}

/** A schema that asks for another at a path of maps. */
function requiredAt(path: readonly string[], schema: JsonSchema): JsonSchema {
  return path.reduceRight<JsonSchema>((below, key) => ({ properties: { [key]: below } }), schema);
}

/**
 * The JSON Schema (draft 7) of recipes that use these components and no others. As in `recipeJsonSchema`, a recipe that
 * `extends` another need not have what is required.
 */
export function componentsJsonSchema(components: readonly FoundComponent[]): Record<string, unknown> {
  const plain = recipeJsonSchema() as JsonSchema;
  const ofKind = (kind: ComponentKind) => components.filter((each) => each.definition.kind === kind);
  const kinds = [...new Set(slots.map(({ kind }) => kind))];
  const inList = ({ path }: (typeof slots)[number]) => path.includes('*');
  const schema = slots.reduce(
    (result, slot) =>
      changeAt(result, slot.path, (part) => atSlot(part, slot.kind, ofKind(slot.kind), inList(slot))),
    plain,
  );
  const whole = slots
    .filter((slot) => !inList(slot))
    .map(({ kind, path }) => requiredAt(path, reference(kind, true)));
  return {
    ...schema,
    description: `Recipes with the components of ${[...new Set(components.map(({ plugin }) => `${plugin.name} ${plugin.version}`))].join(', ')}.`,
    else: { allOf: [plain.else ?? {}, ...whole] },
    definitions: Object.fromEntries(
      kinds.flatMap((kind) =>
        [false, true].map((each) => [definitionName(kind, each), definition(kind, ofKind(kind), each)]),
      ),
    ),
  };
}
