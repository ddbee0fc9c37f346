// Binary cross-entropy: each label of its own, against the truth or against a teacher's probabilities.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { checkSameNumbers, pick } from '../parts/check.js';
import { maskedMean } from '../parts/mask.js';
import { maskOption } from '../parts/positions.js';
import { commonTemperatureOption, temperatureOf } from '../parts/temperature.js';
import { truthOrTeacher } from '../parts/truth-or-teacher.js';

/**
 * `max(z, 0) - z y + log(1 + exp(-|z|))`, mean over all elements: PyTorch's `binary_cross_entropy_with_logits`, without
 * overflow. Logits `z` and probabilities `y` have one shape, [batch, ..., labels]. Nothing flows back to `y`. A `y` below 0 or
 * NaN is not known and does not count, unless `all` are known, as a teacher's are: then NaN stays NaN.
 */
export function binaryCrossEntropy(
  logits: tf.Tensor,
  truth: tf.Tensor,
  mask?: tf.Tensor,
  all = false,
): tf.Scalar {
  const given = tf.cast(truth, 'float32');
  const known = all ? tf.onesLike(given) : tf.cast(tf.greaterEqual(given, 0), 'float32');
  const wide = mask && tf.reshape(tf.cast(mask, 'float32'), widened(logits.shape, mask.shape.length));
  const counts = wide ? tf.mul(known, wide) : known;
  // Cut first, so that NaN in padding has no gradient.
  const counted = tf.greater(counts, 0);
  const z = tf.where(counted, logits, tf.zerosLike(logits));
  const y = tf.where(counted, given, tf.zerosLike(given));
  const each = tf.add(tf.sub(tf.relu(z), tf.mul(z, y)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))));
  return maskedMean(each, counts);
}

function widened(shape: readonly number[], leading: number): number[] {
  return shape.map((length, at) => (at < leading ? length : 1));
}

const name = 'binary-cross-entropy';

export const binaryCrossEntropyLoss: AnyComponent = loss(name, {
  help: 'Cross-entropy of each label of its own, with the data’s labels or a teacher’s probabilities.',
  method: {
    paper: 'binary cross-entropy, as PyTorch’s `binary_cross_entropy_with_logits`',
    url: 'https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html',
    formula:
      '-y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)), mean over the labels; y = sigmoid(v / T) with a teacher',
    family: 'labels',
    student: ['logits'],
    teacher: ['logits'],
    labels: true,
    sameShape: true,
    aliases: { PyTorch: ['BCEWithLogitsLoss'], L2D: ['MLD'] },
    example: { use: 'binary-cross-entropy', teacher: 'logits' },
    note: 'With a teacher it is the multi-label logits distillation of Yang et al. 2023 (Multi-Label Knowledge Distillation, MLD) over the number of labels, plus the teacher’s entropy, which has no gradient.',
  },
  options: z.strictObject({
    student: z.string().default('logits').describe('The student’s logits, [batch, ..., labels].'),
    teacher: z
      .string()
      .optional()
      .describe('A teacher’s logits of the same shape, in place of the data’s labels.'),
    temperature: commonTemperatureOption(1),
    target: z
      .string()
      .optional()
      .describe('The field with 1 for each label that is there, else 0. Default: the target of the data.'),
    mask: maskOption,
  }),
  create(options, _services, context) {
    const { target, positions, needs } = truthOrTeacher(name, options, context);
    const temperature = temperatureOf(options.temperature);
    return {
      needs,
      ...(options.teacher === undefined ? {} : { variables: temperature.variables }),
      compute(at) {
        const own = pick(name, 'student', at.student, options.student);
        if (options.teacher === undefined) {
          const truth = pick(name, 'batch', at.batch, target ?? '');
          checkSameNumbers(name, own, truth);
          return binaryCrossEntropy(own, truth, positions.mask(at, own.shape));
        }
        const theirs = pick(name, 'teacher', at.teacher, options.teacher);
        checkSameNumbers(name, own, theirs);
        const soft = temperature.soften({ z: own, v: theirs, inputs: at });
        const mask = positions.mask(at, own.shape);
        const value = binaryCrossEntropy(soft.z, tf.sigmoid(soft.v), mask, true);
        return tf.mul<tf.Scalar>(value, soft.square);
      },
    };
  },
});
