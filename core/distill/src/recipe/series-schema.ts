// The keys of a recipe that make it many runs: `seeds` and `sweep`.
import { z } from 'zod';

const seed = z.int();

export const seedsSchema = z
  .union([z.int().min(2).max(1000), z.array(seed).min(2)])
  .meta({ title: 'a number of seeds (2 or more), or a list of them' })
  .describe(
    'The recipe is run once with each seed, and models are compared over all of them. A number: so many, from `train.seed` on.',
  );

const range = z
  .array(z.number())
  .length(2)
  .refine(([low = 0, high = 0]) => low <= high, { error: 'must have the lowest number first' });
const integers = range.refine((ends) => ends.every(Number.isInteger), { error: 'must be whole numbers' });
const positive = range.refine(([low = 0]) => low > 0, { error: 'must be above 0' });

const drawn = z
  .union([
    z.array(z.unknown()).min(1),
    z
      .strictObject({
        uniform: range.optional().describe('Lowest and highest number; all between are equally likely.'),
        log: positive
          .optional()
          .describe('Lowest and highest number, above 0; all magnitudes are equally likely.'),
        integers: integers.optional().describe('Lowest and highest whole number.'),
      })
      .refine((ways) => Object.values(ways).filter((way) => way !== undefined).length === 1, {
        error: 'must have exactly one of `uniform`, `log` and `integers`',
      }),
  ])
  .meta({ title: 'a list of values, or a map with `uniform`, `log` or `integers`' });

const grid = z.record(z.string().min(1), z.array(z.unknown()).min(1));

const random = z.strictObject({
  trials: z.int().min(1).max(1000).describe('How many points are drawn.'),
  over: z
    .record(z.string().min(1), drawn)
    .describe(
      'From what each value is drawn, by dotted path: a list of values, `{ uniform: [0, 1] }`, `{ log: [1e-4, 0.1] }` or `{ integers: [1, 8] }`.',
    ),
  seed: z.int().default(1).describe('Which points are drawn. It does not depend on `train.seed`.'),
});

export const sweepSchema = z
  .strictObject({
    grid: grid
      .optional()
      .describe('Values by dotted path, such as `train.rate: [0.001, 0.01]`: all combinations are run.'),
    random: random.optional().describe('Points drawn at random.'),
    halving: z
      .strictObject({
        epochs: z.int().min(1).describe('Epochs of the first rung, on which all points are trained.'),
        factor: z
          .int()
          .min(2)
          .default(3)
          .describe('From rung to rung so many times the epochs, and that share of the points.'),
      })
      .optional()
      .describe(
        'Successive halving: all points are trained for a few epochs, the best of them for more, and the last for `train.epochs`.',
      ),
  })
  .refine(({ grid: all, random: some }) => (all === undefined) !== (some === undefined), {
    error: 'must have either `grid` or `random`',
  })
  .describe(
    'The recipe is run with each combination of values, and the one is kept whose figure that decides is best on validation data.',
  );
