// Logit matching: the limit of soft targets at high temperature (Hinton et al. 2015, section 2.1; Ba & Caruana 2014).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { loss } from '../plugin/define.js';
import { checkClasses, checkLogits, checkSameShape, pick } from './check.js';
import { logitRows, shared } from './mask.js';
import { maskOption, positionsOf } from './positions.js';

/**
 * `sum_i (z_i - v_i)^2 / (2 N)` over the N classes, mean over the batch, so that the gradient of one example is
 * `(z - v) / N`: equation 4 of the paper times T^2, and the limit of {@link softTargets} as T grows. With `center` both
 * logits have their mean over the classes taken off first, as that limit assumes; softmax does not see the mean.
 * Student's `z` and teacher's `v`: float32 [batch, ..., classes]; with a `mask` [batch, ...] the mean over the positions that
 * count. Nothing flows back to the teacher.
 */
export function logitMatching(
  student: tf.Tensor,
  teacher: tf.Tensor,
  center = true,
  mask?: tf.Tensor,
): tf.Scalar {
  const classes = student.shape.at(-1) ?? 1;
  const { flat, mean, share } = logitRows(student.shape, mask);
  const v = flat(teacher);
  const compute = tf.customGrad((z, save) => {
    const plain = tf.sub(z as tf.Tensor, v);
    const difference = center ? tf.sub(plain, tf.mean(plain, -1, true)) : plain;
    (save as tf.GradSaveFunc)([difference, ...share]);
    return {
      value: tf.mul(mean(tf.square(difference)), 0.5 / classes),
      gradFunc: (dy, [saved, own]) => shared(saved as tf.Tensor, own, tf.div(dy, classes)),
    };
  });
  return compute(flat(student)) as tf.Scalar;
}

export const logitMatchingLoss: AnyComponent = loss('logit-matching', {
  help: 'Half the mean squared difference of the logits: soft targets at infinite temperature.',
  options: z.strictObject({
    student: z
      .string()
      .default('logits')
      .describe('The student’s output with the logits, [batch, ..., classes].'),
    teacher: z
      .string()
      .default('logits')
      .describe('The teacher’s output with the logits, [batch, ..., classes].'),
    center: z
      .boolean()
      .default(true)
      .describe('Takes each row’s mean off both logits first; a softmax does not see it.'),
    mask: maskOption,
  }),
  needsTeacher: true,
  create(options, _services, { data, student, teacher }) {
    checkClasses(
      'logit-matching',
      { outputs: student.outputs, output: options.student },
      { outputs: teacher?.outputs, output: options.teacher },
    );
    const positions = positionsOf('logit-matching', {
      data,
      outputs: student.outputs,
      output: options.student,
      mask: options.mask,
    });
    return {
      needs: {
        student: [options.student, ...positions.student],
        teacher: [options.teacher],
        batch: positions.batch,
      },
      compute(at) {
        const z = pick('logit-matching', 'student', at.student, options.student);
        const v = pick('logit-matching', 'teacher', at.teacher, options.teacher);
        checkLogits('logit-matching', 'student', z);
        checkLogits('logit-matching', 'teacher', v);
        checkSameShape('logit-matching', z, v);
        return logitMatching(z, v, options.center, positions.mask(at, z.shape.slice(0, -1)));
      },
    };
  },
});
