// Soft targets: the teacher's probabilities at a raised temperature (Hinton, Vinyals & Dean 2015, section 2).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { loss } from '../plugin/define.js';
import { checkClasses, checkLogits, checkSameShape, classIndices, pick } from './check.js';
import { logSoftmax } from './softmax.js';

export interface SoftTargetsOptions {
  readonly temperature: number;
  /** Only these classes take part in both softmaxes. Default: all. */
  readonly classes?: readonly number[];
}

/** Low enough that its exponential is 0 beside any logit, and finite, so that 0 times it is 0. */
const excluded = -1e9;

/**
 * `T^2 * KL(softmax(v/T) || softmax(z/T))`, mean over the batch: equations 1 and 2 of the paper with the T^2 that keeps
 * its weight beside hard labels. KL and not cross-entropy, so that 0 is perfect; the gradients are the same.
 * Student's `z` and teacher's `v`: float32 [batch, classes]. Nothing flows back to the teacher.
 * The gradient is in closed form, `T * (softmax(z/T) - softmax(v/T)) / batch`. Above T = 100 or so the value (not the
 * gradient) loses digits, as float32 then holds two nearly equal distributions.
 */
export function softTargets(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  options: SoftTargetsOptions,
): tf.Scalar {
  const { temperature, classes } = options;
  const [batch, count] = student.shape;
  const compute = tf.customGrad((z, save) => {
    const scaled = (logits: tf.Tensor) => restrict(tf.div(logits, temperature), count, classes);
    const p = logSoftmax(scaled(teacher));
    const q = logSoftmax(scaled(z as tf.Tensor));
    const logRatio = tf.sub(tf.sub(p.shifted, q.shifted), tf.sub(p.logSum, q.logSum));
    const value = tf.mul(tf.sum(tf.mul(p.probabilities, logRatio)), temperature ** 2 / batch);
    (save as tf.GradSaveFunc)([tf.sub(q.probabilities, p.probabilities)]);
    return {
      value,
      gradFunc: (dy, saved) => tf.mul(saved[0] as tf.Tensor, tf.mul(dy, temperature / batch)),
    };
  });
  return compute(student) as tf.Scalar;
}

/** A mask and not a gather: its closed-form gradient needs no scatter. */
function restrict(logits: tf.Tensor, count: number, classes: readonly number[] | undefined): tf.Tensor {
  if (classes === undefined) return logits;
  const mask = Array.from({ length: count }, (_, i) => (classes.includes(i) ? 1 : 0));
  const floor = mask.map((keep) => (keep ? 0 : excluded));
  return tf.add(tf.mul(logits, tf.tensor1d(mask)), tf.tensor1d(floor));
}

export const softTargetsLoss: AnyComponent = loss('soft-targets', {
  help: 'KL divergence from the teacher’s softened probabilities, times T^2 (Hinton et al. 2015).',
  options: z.strictObject({
    temperature: z.number().positive().default(4).describe('T: divides both logits before the softmax.'),
    student: z.string().default('logits').describe('The student’s output with the logits, [batch, classes].'),
    teacher: z.string().default('logits').describe('The teacher’s output with the logits, [batch, classes].'),
    classes: z
      .array(z.union([z.int().min(0), z.string()]))
      .min(2)
      .optional()
      .describe('Class indices or names; only these take part in both softmaxes. Default: all.'),
  }),
  needsTeacher: true,
  create(options, _services, { data, student, teacher }) {
    checkClasses(
      'soft-targets',
      { outputs: student.outputs, output: options.student },
      { outputs: teacher?.outputs, output: options.teacher },
    );
    const settings = {
      temperature: options.temperature,
      ...(options.classes && { classes: classIndices('soft-targets', options.classes, data.labels) }),
    };
    return {
      needs: { student: [options.student], teacher: [options.teacher], batch: [] },
      compute(at) {
        const z = pick('soft-targets', 'student', at.student, options.student);
        const v = pick('soft-targets', 'teacher', at.teacher, options.teacher);
        checkLogits('soft-targets', 'student', z);
        checkLogits('soft-targets', 'teacher', v);
        checkSameShape('soft-targets', z, v);
        return softTargets(z, v, settings);
      },
    };
  },
});
