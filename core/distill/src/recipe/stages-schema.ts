// The key `stages` of a recipe: one student trained in several stages, each with changes of its own.
import { z } from 'zod';

/** Keys of a recipe that a stage may change. */
export const stageKeys = [
  'data',
  'teacher',
  'teachers',
  'student',
  'losses',
  'train',
  'task',
  'evaluate',
  'baseline',
  'adjust',
  'export',
  'preflight',
] as const;

const stage = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: 'lower-case letters, digits and single hyphens' })
    .meta({ title: 'lower-case letters, digits and single hyphens between them' })
    .describe('What the stage is called; its run is called `<recipe>-<stage>`.'),
  begin: z
    .strictObject({
      except: z
        .array(z.string().min(1).describe('Names of variables; `*` stands for any characters, `?` for one.'))
        .describe(
          'Variables that are not taken over from the stage before, such as a head for other classes.',
        ),
    })
    .optional()
    .describe('The stage begins with the student of the one before; the first as the recipe itself says.'),
  // Their form is checked where they are merged with the recipe's.
  ...Object.fromEntries(
    stageKeys.map((key) => [key, z.unknown().optional().describe(`Changes of \`${key}\` of the recipe.`)]),
  ),
});

export const stagesSchema = z
  .array(stage)
  .min(1)
  .describe(
    'The recipe is trained in stages, each of which begins with the student of the one before. A stage is the recipe with changes: maps are merged, lists and values replaced, and `null` leaves a key out. The last one is the result.',
  );
