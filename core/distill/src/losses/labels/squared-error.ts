// Mean squared error: the student's numbers beside the data's, or beside a teacher's.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { checkSameNumbers, pick } from '../parts/check.js';
import { maskedMean } from '../parts/mask.js';
import { maskOption } from '../parts/positions.js';
import { truthOrTeacher } from '../parts/truth-or-teacher.js';

/**
 * `(z - y)^2`, mean over all elements: PyTorch's `mse_loss`. Student's `z` and truth `y` have one shape, [batch, ...]. With a
 * `mask` of the leading axes, the mean over the elements that count. Nothing flows back to `y`. Where the data are `unlabelled`, the
 * component leaves out elements whose truth is NaN.
 */
export function squaredError(student: tf.Tensor, truth: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  const difference = tf.sub(student, tf.cast(truth, 'float32'));
  if (mask === undefined) return tf.mean(tf.square(difference));
  // Cut before the square, so that NaN in padding has no gradient.
  const wide = tf.reshape(
    tf.cast(mask, 'float32'),
    student.shape.map((length, at) => (at < mask.shape.length ? length : 1)),
  );
  const counted = tf.where(tf.greater(wide, 0), difference, tf.zerosLike(difference));
  return maskedMean(tf.square(counted), mask);
}

const name = 'squared-error';

export const squaredErrorLoss: AnyComponent = loss(name, {
  method: {
    paper: 'mean squared error, as PyTorch’s `mse_loss`',
    url: 'https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html',
    formula: 'mean (z - y)^2',
    family: 'labels',
    student: ['logits', 'embedding', 'feature map', 'hidden states'],
    teacher: ['logits', 'embedding', 'feature map', 'hidden states'],
    labels: true,
    sameShape: true,
    aliases: { PyTorch: ['MSELoss'], 'sentence-transformers': ['MSELoss'] },
    example: { use: 'squared-error', teacher: 'logits' },
  },
  help: 'Mean squared difference between an output of the student and the data’s numbers, or a teacher’s.',
  options: z.strictObject({
    student: z.string().default('logits').describe('The student’s output, [batch, ...].'),
    teacher: z
      .string()
      .optional()
      .describe('A teacher’s output of the same shape, in place of the data’s numbers.'),
    target: z
      .string()
      .optional()
      .describe(
        'The field with the truth, of the same shape, or without its last axis where that is 1. Default: the target that the data set names.',
      ),
    mask: maskOption,
  }),
  create(options, _services, context) {
    const { target, positions, needs } = truthOrTeacher(name, options, context);
    return {
      needs,
      compute(at) {
        const own = pick(name, 'student', at.student, options.student);
        const found =
          options.teacher === undefined
            ? pick(name, 'batch', at.batch, target ?? '')
            : pick(name, 'teacher', at.teacher, options.teacher);
        // One number may be a number or a list of one.
        const one = [...found.shape, 1].join() === own.shape.join();
        const truth = one ? tf.reshape(found, own.shape) : found;
        checkSameNumbers(name, own, truth);
        const within = positions.mask(at, own.shape);
        if (target === undefined || context.data.unlabelled !== true) return squaredError(own, truth, within);
        // NaN is not equal to itself.
        const known = tf.cast(tf.equal(truth, truth), 'float32');
        return squaredError(own, truth, within ? tf.mul(known, within) : known);
      },
    };
  },
});
