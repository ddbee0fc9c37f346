// The recipe format as one zod schema: it validates, gives the type, and writes docs/recipe.schema.json.
// Options of components are checked afterwards, by the components' own schemas.
import { z } from 'zod';
import { beginSchema } from './begin-schema.js';
import { seedsSchema, sweepSchema } from './series-schema.js';
import { stagesSchema } from './stages-schema.js';

const named = (title: string) => ({ title });

const componentMap = (own: z.ZodRawShape = {}) =>
  z.looseObject({ use: z.string().min(1).describe('Name of the component.'), ...own });

const name = z.string().min(1);

/** A component: its name, or a map of `use` and its options. */
const component = z.union([name, componentMap()]).meta(named('a component (its name, or a map with `use`)'));

const titled = 'a data set (its name, or a map with `use`)';

const limit = z.int().min(1).optional().describe('Only the first so many examples.');

const transferSlot = z.union([name, componentMap({ limit })]).meta(named(titled));

const dataSlot = z
  .union([
    name,
    componentMap({
      transforms: z.array(component).optional().describe('Applied to each example, in this order.'),
      limit,
    }),
  ])
  .meta(named(titled));

const bucketCount = z.int().min(1);

const buckets = z
  .union([
    bucketCount,
    z.strictObject({
      count: bucketCount
        .optional()
        .describe('How many. Default: as few as keep padding below a tenth of what is computed, at most 12.'),
      multiple: z
        .int()
        .min(1)
        .optional()
        .describe(
          'Lengths are multiples of it. Default: 8 where examples are 64 long or more on average, else 1.',
        ),
      edges: z
        .record(z.string(), z.array(z.int().min(1)).min(1))
        .refine((edges) => Object.keys(edges).length === 1, { error: 'must name one axis' })
        .optional()
        .describe('The lengths of one axis, by its name: `frames: [200, 400, 800]`.'),
    }),
  ])
  .meta(named('a number of buckets, or a map with `count`, `multiple` and `edges`'))
  .describe(
    'Lengths to which axes of varying length (frames, tokens, boxes) are padded, so that few graphs are compiled. Default: chosen from the lengths of the data.',
  );

const shuffle = z
  .strictObject({
    window: z.int().min(1).describe('Examples of a stream that are held in memory to draw from.'),
  })
  .describe('How training data that is a stream is shuffled. Default: a window of 4,096 examples.');

const loss = z
  .union([
    name,
    componentMap({
      weight: z
        .union([z.number(), component])
        .meta(named('a number or a schedule (a map with `use`)'))
        .optional()
        .describe('Factor of this loss in the sum: a number, default 1, or a schedule.'),
      name: z.string().min(1).optional().describe('Label in logs and reports. Default: the loss.'),
      optimizer: component
        .optional()
        .describe(
          'Update rule of the variables that the loss has of its own (regressors, critics, generators). Default: as the loss says, else as `train.optimizer`.',
        ),
      rate: z
        .union([z.number().min(0), component])
        .meta(named('a number of at least 0 or a schedule (a map with `use`)'))
        .optional()
        .describe('Learning rate of those variables. Default: as the loss says, else `train.rate`.'),
    }),
  ])
  .meta(named('a loss (its name, or a map with `use`)'));

const metric = z
  .union([
    name,
    componentMap({
      name: z
        .string()
        .regex(/^[A-Za-z][\w-]*$/, { error: 'a letter, then letters, digits, hyphens and underscores' })
        .optional()
        .describe('Its figures become `<name>.<figure>`, so that one metric may stand several times.'),
      where: z
        .record(z.string(), z.union([z.number(), z.boolean(), z.string()]))
        .optional()
        .describe(
          'Only examples whose fields have these values count: { language: 2 }. Groups and classes also by name: { language: da }.',
        ),
    }),
  ])
  .meta(named('a metric (its name, or a map with `use`)'));

const numberForm = z.enum(['float32', 'float16', 'int8']);
const topForm = z.strictObject({
  top: z
    .int()
    .min(1)
    .describe('So many of the largest logits of each distribution, and the mass of the rest.'),
});
const encodingForm = z
  .union([numberForm, topForm])
  .meta(named('`float32`, `float16`, `int8` or `{ top: 20 }`'));

const cache = z
  .union([
    z.enum(['auto', 'never']),
    z.strictObject({
      epochs: z
        .int()
        .min(1)
        .optional()
        .describe(
          'With random transforms: so many views of each example are stored, and epochs use them in turn. Default: none, the teacher runs in every epoch.',
        ),
      encoding: z
        .union([encodingForm, z.record(z.string(), encodingForm)])
        .meta(named('`float32`, `float16`, `int8`, `{ top: 20 }`, or a map of these by output'))
        .optional()
        .describe(
          'How numbers are stored: `float32` exactly, `float16` in half the space, `int8` in a quarter, `{ top: 20 }` the 20 largest logits of each example. One for all outputs (`top` for `logits` alone), or by output: `{ logits: { top: 20 }, hidden: float16 }`. Default: float32.',
        ),
    }),
  ])
  .meta(named('`auto`, `never`, or a map with `epochs` and `encoding`'))
  .optional()
  .describe(
    "Whether the teacher's answers about the training data are stored on disk. `auto`: when examples look the same in each epoch. `never`: the teacher runs in every epoch. Default: auto.",
  );

const portion = z
  .union([z.number().gt(0).lt(1), z.int().min(1)])
  .meta(named('a share below 1, or a number of examples'));

const split = z
  .strictObject({
    validation: portion.optional().describe('Of the training data, a share or a number of examples.'),
    test: portion.optional().describe('Of the training data, a share or a number of examples.'),
    by: name
      .optional()
      .describe(
        'A field by which examples belong together, such as a speaker: all of one are in one part. Default: none; every class has its share in each part.',
      ),
    seed: z.int().default(1).describe('Which examples are drawn. It does not depend on `train.seed`.'),
  })
  .refine(({ validation, test }) => validation !== undefined || test !== undefined, {
    error: 'must have `validation`, `test` or both',
  })
  .describe('Takes validation and test data out of the training data.');

const sampler = z
  .union([
    z.enum(['uniform', 'class-balanced', 'pairs']),
    z.strictObject({
      by: name.describe('A field: every group has its share of the examples of an epoch.'),
      temperature: z
        .number()
        .min(1)
        .optional()
        .describe(
          'A group of n examples has a share of n^(1/temperature). 1: as many as it has. Default: every group has the same.',
        ),
    }),
    z.strictObject({ weight: name.describe('A field of numbers: how often each example is drawn.') }),
    z.strictObject({
      classes: z
        .record(z.string(), z.number().min(0).max(1))
        .refine((shares) => Object.values(shares).reduce((sum, share) => sum + share, 0) <= 1, {
          error: 'must have shares of at most 1 in all',
        })
        .describe(
          'Class -> its share of an epoch: `{ rest: 0.5 }`. The other classes have what is left, each as it has examples.',
        ),
    }),
  ])
  .meta(named('`uniform`, `class-balanced`, a map with `by`, a map with `weight`, or a map with `classes`'))
  .describe(
    'How often an epoch has each training example. An epoch is as long as before: some come several times, others not. `pairs`: half of the examples, each followed by another of its class, for losses that compare these. Default: each once.',
  );

const teacher = z
  .union([
    name,
    z.strictObject({
      recipe: z.string().min(1).describe('A recipe whose student is the teacher; trained first when needed.'),
      set: z
        .record(z.string(), z.unknown())
        .optional()
        .describe('Overrides for that recipe, by dotted path.'),
      epoch: z
        .int()
        .min(1)
        .optional()
        .describe(
          'The teacher as it was after that epoch of its training, which its recipe keeps with `train.keep`. Default: the finished student.',
        ),
      live: z
        .boolean()
        .default(false)
        .describe(
          'Whether its student runs in the training step, frozen, so that gradients reach its inputs. Default: false, its answers are stored.',
        ),
      cache,
    }),
    componentMap({ cache }),
  ])
  .meta(named('a teacher (a map with `recipe`, or a map with `use`)'));

const positive = z.number().positive();

const clip = z
  .strictObject({
    value: positive.optional().describe('Each element of a gradient to [-value, value].'),
    norm: positive.optional().describe("Each variable's gradient to that L2 norm."),
    globalNorm: positive.optional().describe('All gradients together to that L2 norm.'),
  })
  .refine((value) => Object.values(value).filter((part) => part !== undefined).length === 1, {
    error: 'must have exactly one of `value`, `norm` and `globalNorm`',
  });

const namePattern = z
  .string()
  .min(1)
  .describe('Names of variables of the student; `*` stands for any characters, `?` for one.');

const group = z.strictObject({
  match: namePattern,
  rate: z.number().min(0).optional().describe('Factor of the learning rate. Default: 1.'),
  weightDecay: z.number().min(0).optional().describe("Weight decay in place of the optimizer's own."),
  decay: z
    .boolean()
    .optional()
    .describe(
      'Whether weight decay and maxNorm act at all. Default: on weight matrices and filters, not on biases and scales.',
    ),
});

const balance = z
  .union([
    z.enum(['uncertainty', 'gradnorm']),
    z.strictObject({
      by: z.enum(['gradnorm']),
      alpha: z
        .number()
        .default(1.5)
        .describe('How strongly losses that fall slowly are favoured. 0: all gradients alike.'),
      rate: positive.default(0.025).describe('Learning rate of the factors.'),
      layer: z
        .string()
        .min(1)
        .optional()
        .describe(
          'The variable of the student at which gradients are compared. Default: the last weight matrix.',
        ),
    }),
  ])
  .meta(named('`uncertainty`, `gradnorm`, or a map with `by: gradnorm` and its options'))
  .describe(
    'Factors of the losses, beside their weights, that are learnt while training: by uncertainty (Kendall et al. 2018), or so that the gradients of all have a common norm (GradNorm, Chen et al. 2018).',
  );

const train = z.strictObject({
  epochs: z.int().min(1).describe('Passes over the training data.'),
  batch: z.int().min(1).default(128).describe('Examples a step.'),
  optimizer: component.default('adam').describe('Update rule.'),
  rate: z
    .union([z.number().min(0), component])
    .meta(named('a number of at least 0 or a schedule (a map with `use`)'))
    .default(0.001)
    .describe('Learning rate: a number, or a schedule.'),
  seed: z.int().default(1).describe('Seed of all randomness.'),
  maxNorm: positive.optional().describe('Largest L2 norm of the weights into one unit.'),
  clip: clip.optional().describe('Gradient clipping: one of three ways.'),
  accumulate: z
    .int()
    .min(1)
    .default(1)
    .describe(
      'Batches that make one update, with the mean of their gradients: a large batch in the memory of a small one.',
    ),
  average: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe(
      'Decay of a running average of the weights, which is what is validated, kept and exported. Smaller in the first updates.',
    ),
  balance: balance.optional(),
  groups: z
    .array(group)
    .optional()
    .describe('Settings of single variables, by their names; the first group that fits counts.'),
  keep: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .describe(
      'Epochs whose weights are kept too, as `student/epoch-<n>.safetensors`, for a `teacher` with `epoch` or for `begin`.',
    ),
  freeze: z.array(namePattern).optional().describe('Variables that are not trained, by their names.'),
  rateSearch: z
    .boolean()
    .default(false)
    .describe(
      'Train with the rate times 1, 1/3, 3 and 1/10, and keep what is best by `select` on validation data. Four trainings.',
    ),
  select: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Which checkpoint is the best: a figure on validation data, `primary` for the one that decides, or `last`. Default: `primary` with validation data, else `last`.',
    ),
});

const baselineSettings = z.strictObject({
  set: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Overrides of `train` and `losses` for the baseline alone, by dotted path: train.rate.'),
  rate: z
    .literal('search')
    .meta(named('`search`'))
    .optional()
    .describe('`search`: choose the learning rate on validation data, as `train.rateSearch` does.'),
});

export const recipeSchema = z.strictObject({
  potstill: z
    .literal(1)
    .meta(named('`1`, the format that this potstill reads'))
    .default(1)
    .describe('Version of the recipe format.'),
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: 'lower-case letters, digits and single hyphens' })
    .meta(named('lower-case letters, digits and single hyphens between them'))
    .describe('Name of the run.'),
  description: z.string().optional().describe('What it is for.'),
  extends: z.string().min(1).optional().describe('A recipe that this one changes; relative to this file.'),
  plugins: z
    .array(z.string().min(1))
    .default([])
    .describe('npm packages, or paths, whose components are used.'),
  data: z
    .strictObject({
      train: dataSlot.describe('What is trained on.'),
      transfer: transferSlot
        .optional()
        .describe(
          "More examples for the student to learn the teacher's answers on, beside the training data. Labels of theirs are not used; the transforms of `train` are.",
        ),
      validation: dataSlot.optional().describe('What the best checkpoint is chosen on.'),
      test: dataSlot.optional().describe('What the result is measured on.'),
      split: split.optional(),
      classes: z
        .record(z.string(), z.union([z.string().min(1), z.null()]))
        .optional()
        .describe(
          'Classes that count as another, in every part: `{ cat: animal, dog: animal }`. Null leaves their examples out; `"*"` stands for all classes that are not named, which stay without it.',
        ),
      sampler: sampler.optional(),
      buckets: buckets.optional(),
      shuffle: shuffle.optional(),
    })
    .describe('Data sets.'),
  teacher: teacher.optional().describe('The teacher. Without one, the student is trained on the data alone.'),
  teachers: z
    .record(z.string().min(1), z.union([name, z.looseObject({})]).meta(named('a teacher')))
    .refine((teachers) => Object.keys(teachers).length > 0, 'name at least one teacher')
    .optional()
    .describe(
      'Several teachers by name, in place of `teacher`. Losses read the answers of each: `teacher: nb/logits`. Where one teacher is expected (figures, checks), it is the mean of them all: the teacher `ensemble` with these members.',
    ),
  student: component.describe('The model that is trained.'),
  begin: beginSchema.optional(),
  losses: z.array(loss).min(1).describe('What is minimised: their weighted sum.'),
  train: train.describe('How it is trained.'),
  stages: stagesSchema.optional(),
  seeds: seedsSchema.optional(),
  sweep: sweepSchema.optional(),
  task: component
    .optional()
    .describe('The kind of problem: by what models are judged. Default: what the training data say.'),
  evaluate: z.array(metric).optional().describe('Metrics. Default: those of the task.'),
  baseline: z
    .union([z.boolean(), baselineSettings])
    .meta(named('true, false, or a map with `set` and `rate`'))
    .optional()
    .describe(
      'Train the same student without a teacher too, to compare: with the losses that need no teacher, their weights brought to sum 1, or with the hard loss of the task where there are none. Default: true when there is a teacher.',
    ),
  adjust: z
    .array(component)
    .default([])
    .describe('Changes of the trained student that are chosen on validation data, in this order.'),
  export: z.array(component).default(['onnx']).describe('Forms that the student is written in.'),
  backend: z.enum(['onnx', 'tensorflow', 'cpu']).default('onnx').describe('What computes.'),
  threads: z.int().min(1).optional().describe('Threads. Default: the number of processors.'),
  preflight: z
    .strictObject({
      sample: z.int().min(1).default(512).describe('Training examples in the sample.'),
      enabled: z.boolean().default(true).describe('Whether the checks run.'),
    })
    .prefault({})
    .describe('Checks of teacher, student and data before training.'),
});

/** A recipe as written. */
export type RecipeInput = z.input<typeof recipeSchema>;
/** A recipe with the defaults that do not depend on anything else. */
export type RecipeData = z.output<typeof recipeSchema>;
