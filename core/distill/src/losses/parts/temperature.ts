// The temperature of a loss on logits: constant, on a schedule, learnt, or one for each row.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { LossInputs, NamedVariable } from '../../contracts/index.js';
import { stopGradient } from '@potstill/engine';

/** Logits over a temperature. */
export interface Softened {
  /** The student's and the teacher's, [rows, classes]. */
  readonly z: tf.Tensor2D;
  readonly v: tf.Tensor2D;
  /** T^2, which keeps the gradient's size: a number, a scalar or [rows, 1]. */
  readonly square: number | tf.Tensor;
}

/** What a temperature may depend on. */
interface Rows {
  readonly z: tf.Tensor;
  readonly v: tf.Tensor;
  /** For temperatures of rows. */
  readonly mean?: (each: tf.Tensor) => tf.Scalar;
  readonly inputs: Pick<LossInputs, 'progress'>;
}

export interface Temperature {
  readonly variables: readonly NamedVariable[];
  soften(rows: Rows): Softened;
}

const positive = z.number().positive();
const base = positive.default(4).describe('The temperature of a row that is as the mean row.');
const slope = positive.default(1).describe('How much a row’s distance from the mean moves its temperature.');

const common = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('schedule'),
    from: positive.describe('At the start.'),
    to: positive.describe('At the end.'),
    shape: z
      .enum(['linear', 'cosine', 'geometric'])
      .default('linear')
      .describe('The way from one to the other: a straight line, half a cosine, or by equal factors.'),
    until: positive.max(1).default(1).describe('Share of the training after which it stays.'),
  }),
  z.strictObject({
    by: z.literal('curriculum'),
    lowest: positive.default(1).describe('T = lowest + range * sigmoid(t), where t is learnt.'),
    range: positive.default(20).describe('See `lowest`.'),
    reversal: positive.default(1).describe('What the reversed gradient is multiplied by in the end.'),
    epochs: positive.default(10).describe('Epochs in which `reversal` rises from 0, along half a cosine.'),
  }),
]);

const changing = z.discriminatedUnion('by', [
  ...common.options,
  z.strictObject({
    by: z.literal('flsw'),
    base,
    beta: slope,
    gamma: positive.default(2).describe('Power of the distance.'),
  }),
  z.strictObject({ by: z.literal('cwsm'), base, beta: slope }),
]);

type Changing = z.output<typeof changing>;
export type TemperatureOption = number | Changing;

/** The option `temperature` of a loss. `published`: the default of its paper. */
export function temperatureOption(published: number) {
  return z
    .union([positive, changing])
    .default(published)
    .describe(
      'T: divides both logits before the softmax. A number; `{ by: schedule, from, to }`; `{ by: curriculum }`, learnt against the student (Li et al. 2023); ' +
        '`{ by: flsw }` or `{ by: cwsm }`, each row its own, lower where the student differs from the teacher or is unsure (Wen et al. 2019).',
    );
}

/** Of a loss without rows of classes: those that are the same everywhere. */
export function commonTemperatureOption(published: number) {
  return z
    .union([positive, common])
    .default(published)
    .describe(
      'T: divides both logits, and the loss is multiplied by its square. A number; `{ by: schedule, from, to }`; `{ by: curriculum }`, learnt against the student (Li et al. 2023).',
    );
}

/** A row's own temperature is never below this: beneath 1 a softmax sharpens. */
const least = 1;

/**
 * The temperature as a recipe has it.
 * - `schedule`: by the share of the training that is done.
 * - `curriculum` (Li et al. 2023: Curriculum Temperature for Knowledge Distillation, the global form): one variable
 *   `temperature`, begun at 1, whose gradient is reversed, so that it makes the loss larger.
 * - `flsw` and `cwsm` (Wen et al. 2019: Preparing Lessons, dynamic temperature; as TextBrewer has them):
 *   `T = base + beta (mean(w) - w)`, with `w = (1 - cos(z, v))^gamma`, or `w = 1 / max softmax(z)`.
 */
export function temperatureOf(option: TemperatureOption): Temperature {
  if (typeof option !== 'number' && option.by === 'curriculum') return curriculum(option);
  return {
    variables: [],
    soften: (rows) => over(rows, typeof option === 'number' ? option : at(option, rows)),
  };
}

function over({ z: own, v }: Rows, temperature: number | tf.Tensor): Softened {
  const divided = (x: tf.Tensor) => (temperature === 1 ? x : tf.div(x, temperature)) as tf.Tensor2D;
  return {
    z: divided(own),
    v: divided(v),
    square: typeof temperature === 'number' ? temperature ** 2 : tf.square(temperature),
  };
}

function at(option: Exclude<Changing, { by: 'curriculum' }>, rows: Rows): tf.Tensor {
  if (option.by === 'schedule') return scheduled(option, rows.inputs.progress.fraction);
  const own = stopGradient(rows.z);
  const weight =
    option.by === 'flsw'
      ? tf.pow(tf.relu(tf.sub(1, tf.sum(tf.mul(unit(own), unit(rows.v)), -1, true))), option.gamma)
      : tf.reciprocal(tf.add(tf.max(tf.softmax(own), -1, true), 1e-3));
  const temperature = tf.add(
    tf.mul(tf.sub((rows.mean ?? tf.mean)(weight), weight), option.beta),
    option.base,
  );
  return tf.maximum(temperature, least);
}

/** Rows of length 1. */
function unit(x: tf.Tensor): tf.Tensor {
  return tf.div(x, tf.add(tf.norm(x, 2, -1, true), 1e-4));
}

function scheduled(
  { from, to, shape, until }: Extract<Changing, { by: 'schedule' }>,
  fraction: tf.Scalar,
): tf.Tensor {
  const done = tf.minimum(tf.div(fraction, until), 1);
  if (shape === 'geometric') return tf.mul(tf.exp(tf.mul(done, Math.log(to / from))), from);
  return tf.add(tf.mul(shape === 'linear' ? done : risen(done), to - from), from);
}

/** From 0 at 0 to 1 at 1 along half a cosine. */
function risen(done: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(1, tf.cos(tf.mul(done, Math.PI))), 0.5);
}

function curriculum({
  lowest,
  range,
  reversal,
  epochs,
}: Extract<Changing, { by: 'curriculum' }>): Temperature {
  const variable = tf.variable(tf.scalar(1));
  return {
    variables: [{ name: 'temperature', variable, decay: false }],
    soften(rows) {
      const done = tf.minimum(tf.div(rows.inputs.progress.epoch, epochs), 1);
      const learnt = reverse(variable, tf.mul(risen(done), -reversal));
      return over(rows, tf.add(tf.mul(tf.sigmoid(learnt), range), lowest));
    },
  };
}

/** Passes numbers on, and their gradient times `factor`. */
function reverse(x: tf.Tensor, factor: tf.Tensor): tf.Tensor {
  const compute = tf.customGrad((given, save) => {
    (save as tf.GradSaveFunc)([factor]);
    return {
      value: tf.clone(given as tf.Tensor),
      gradFunc: (dy, [saved]) => tf.mul(dy, saved as tf.Tensor),
    };
  });
  return compute(x);
}
