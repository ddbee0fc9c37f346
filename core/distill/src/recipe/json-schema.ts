// docs/recipe.schema.json: what editors complete recipes from.
import { z } from 'zod';
import { recipeSchema } from './schema.js';

export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** A zod schema as JSON Schema (draft 7) of what is written; what has no JSON form accepts anything. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  }) as unknown as JsonSchema;
}

function mapValues(record: Readonly<Record<string, JsonSchema>>, change: (schema: JsonSchema) => JsonSchema) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The schema without its required keys, except inside lists, which `extends` replaces as a whole. */
export function optional(schema: JsonSchema): JsonSchema {
  const { required: _, ...rest } = schema;
  return {
    ...rest,
    ...(schema.properties ? { properties: mapValues(schema.properties, optional) } : {}),
    ...(schema.anyOf ? { anyOf: schema.anyOf.map(optional) } : {}),
  };
}

/** All branches of a union, those of unions within it too. */
function leaves(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf?.flatMap(leaves) ?? [schema];
}

/** Only the required keys of a schema: what a recipe without `extends` must have on top of `optional`. */
function requirements(schema: JsonSchema): JsonSchema {
  if (schema.anyOf !== undefined) {
    const objects = leaves(schema)
      .filter(({ type }) => type === 'object')
      .map(requirements);
    return objects.length === 1 ? (objects[0] as JsonSchema) : objects.length > 1 ? { anyOf: objects } : {};
  }
  const properties = Object.entries(schema.properties ?? {})
    .map(([key, value]) => [key, requirements(value)] as const)
    .filter(([, value]) => Object.keys(value).length > 0);
  return {
    ...(schema.required ? { required: schema.required } : {}),
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
  };
}

/**
 * The JSON Schema (draft 7, which editors read) of a recipe as written. A recipe that `extends` another need not have
 * the required keys itself.
 */
export function recipeJsonSchema(): Record<string, unknown> {
  const schema = jsonSchemaOf(recipeSchema);
  return {
    title: 'potstill recipe',
    description:
      'Without the options of components: `potstill schema -p PLUGIN` writes a schema that has them.',
    ...optional(schema),
    if: { required: ['extends'] },
    else: requirements(schema),
  };
}
