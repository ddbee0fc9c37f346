// Walks a zod schema along a path of data, to say which keys and values are accepted there.
import { z } from 'zod';
import { isRecord } from './slots.js';
import type { Path } from './trace.js';

type Schema = z.core.$ZodType;

/** Takes off what only wraps another schema: optional, default, nullable, readonly, pipes. */
function unwrap(schema: Schema): Schema {
  const def = schema._zod.def as {
    readonly innerType?: Schema;
    readonly in?: Schema;
    readonly getter?: () => Schema;
  };
  const inner = def.innerType ?? def.in ?? def.getter?.();
  return inner === undefined ? schema : unwrap(inner);
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  const plain = unwrap(schema);
  return plain instanceof z.ZodObject ? plain.shape : undefined;
}

/** The branches of a union, else the schema alone. */
export function branches(schema: Schema): readonly Schema[] {
  const plain = unwrap(schema);
  return plain instanceof z.ZodUnion ? plain.options : [plain];
}

/** The branch of a union that the data is most likely meant for: one that takes its literals, else one of its type. */
function branchFor(schema: Schema, data: unknown): Schema {
  const options = branches(schema);
  if (options.length === 1) return options[0] as Schema;
  const fits = options.find((option) => {
    const shape = shapeOf(option);
    if (shape === undefined) return z.safeParse(option, data).success;
    if (!isRecord(data)) return false;
    return Object.entries(shape).every(
      ([key, part]) => !(unwrap(part) instanceof z.ZodLiteral) || z.safeParse(part, data[key]).success,
    );
  });
  return fits ?? (options[0] as Schema);
}

/** The schema at a path of `data`, or undefined where it has none (an unknown key). */
export function schemaAt(schema: Schema, data: unknown, path: Path): Schema | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const here = unwrap(branchFor(schema, data));
  const below: unknown =
    isRecord(data) || Array.isArray(data) ? (data as Record<string, unknown>)[key] : undefined;
  let next: Schema | undefined;
  if (here instanceof z.ZodObject) next = (here.shape as Record<string, Schema>)[String(key)];
  else if (here instanceof z.ZodArray) next = here.element;
  else if (here instanceof z.ZodRecord) next = here.valueType;
  else if (here instanceof z.ZodTuple) next = here.def.items[Number(key)];
  return next && schemaAt(next, below, rest);
}

/** The keys known to the map at a path. Empty when no map is expected there. */
export function keysAt(schema: Schema, data: unknown, path: Path): readonly string[] {
  const at = schemaAt(schema, data, path);
  if (at === undefined) return [];
  let value = data;
  for (const key of path)
    value = isRecord(value) || Array.isArray(value) ? (value as Record<string, unknown>)[key] : undefined;
  return Object.keys(shapeOf(branchFor(at, value)) ?? {});
}
