// What a plugin must look like at run time: the types are gone by then, and it may come from anywhere.
import semver from 'semver';
import { z } from 'zod';
import type { ComponentKind, ServiceName } from '../contracts/index.js';
import { problemsOf } from '../recipe/issues.js';
import { reservedKeys } from '../recipe/slots.js';
import { kindWords, quote } from '../recipe/words.js';

export const serviceNames = [
  'engine',
  'random',
  'store',
  'progress',
  'logger',
  'paths',
  'cacheFolder',
  'clock',
] as const satisfies readonly ServiceName[];

const kinds = Object.keys(kindWords) as [ComponentKind, ...ComponentKind[]];

const isFunction = z
  .custom<(...args: never[]) => unknown>((value) => typeof value === 'function', {
    error: 'must be a function',
  })
  .meta({ title: 'a function' });

// zod's `instanceof` goes by traits, so a plugin's own copy of zod passes.
const optionsSchema = z
  .custom<z.ZodObject>((value) => value instanceof z.ZodObject, {
    error: 'must be a zod 4 object, z.strictObject({ … })',
  })
  .meta({ title: 'a zod object' });

const names = z.array(z.string().min(1));

const methodShape = z.looseObject({
  paper: z.string().min(1),
  url: z.url(),
  formula: z.string().min(1),
  family: z.string().min(1),
  student: names,
  teacher: names,
  labels: z.boolean().optional(),
  sameShape: z.boolean().optional(),
  aliases: z.record(z.string(), names).optional(),
  example: z.union([z.string(), z.looseObject({ use: z.string() })]),
  note: z.string().optional(),
});

const componentShape = z
  .looseObject({
    kind: z.enum(kinds),
    name: z
      .string()
      .regex(/^([a-z0-9-]+\/)*[a-z0-9][a-z0-9-]*$/)
      .meta({ title: 'lower-case letters, digits and hyphens, with a prefix as in `acme/name`' }),
    help: z.string().min(1).meta({ title: 'one line of help' }),
    options: optionsSchema,
    needsTeacher: z.boolean().optional(),
    outputs: z.record(z.string(), z.string()).optional(),
    method: methodShape.optional(),
    check: isFunction.optional(),
    create: isFunction,
  })
  .superRefine(({ kind, options }, context) => {
    const taken = reservedKeys(kind).filter((key) => Object.hasOwn(options.shape, key));
    if (taken.length === 0) return;
    context.addIssue({
      code: 'custom',
      path: ['options'],
      message: `${taken.map(quote).join(', ')} cannot be an option of a ${kindWords[kind]}: recipes use the key themselves`,
    });
  });

const pluginShape = z.looseObject({
  name: z.string().min(1),
  version: z
    .string()
    .refine((text) => semver.valid(text) !== null, { error: 'must be a version such as 1.2.0' }),
  potstill: z
    .string()
    .refine((text) => semver.validRange(text) !== null, { error: 'must be a semver range such as ^0.1.0' }),
  components: z.array(componentShape),
  services: z
    .strictObject(Object.fromEntries(serviceNames.map((name) => [name, isFunction.optional()])))
    .optional(),
});

/** What is wrong with the shape of a plugin; empty when it is one. */
export function shapeFaults(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return ['it is no object'];
  const parsed = pluginShape.safeParse(value);
  if (parsed.success) return [];
  return problemsOf(parsed.error, pluginShape, value, { path: [] }).map(({ record }) => {
    const hint = record.hint === undefined ? '' : ` (${record.hint})`;
    return record.message.replace('the recipe needs', 'it needs') + hint;
  });
}
