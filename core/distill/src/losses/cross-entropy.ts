// Cross-entropy with hard labels.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { loss } from '../plugin/define.js';
import { checkLabels, checkLogits, pick, targetField } from './check.js';
import { logSoftmax } from './softmax.js';

/**
 * `-sum_i y_i log softmax(z)_i`, mean over the batch, where `y` is one-hot, or with label smoothing `s` (Szegedy et al.
 * 2016, section 7) `(1 - s) * onehot + s / N`.
 * Logits float32 [batch, classes], labels int32 [batch]. The gradient is in closed form, `(softmax(z) - y) / batch`.
 * A label outside 0..classes-1 counts as a row without truth: check labels where data is read.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, labelSmoothing = 0): tf.Scalar {
  const [batch, classes] = logits.shape;
  const compute = tf.customGrad((z, save) => {
    // tf.oneHot refuses a depth of 1.
    const hard = classes === 1 ? tf.ones([batch, 1]) : tf.oneHot(labels, classes, 1, 0, 'float32');
    const truth =
      labelSmoothing === 0 ? hard : tf.add(tf.mul(hard, 1 - labelSmoothing), labelSmoothing / classes);
    const { shifted, logSum, probabilities } = logSoftmax(z as tf.Tensor);
    const value = tf.mean(tf.sum(tf.mul(truth, tf.sub(logSum, shifted)), -1));
    (save as tf.GradSaveFunc)([tf.sub(probabilities, truth)]);
    return {
      value,
      gradFunc: (dy, saved) => tf.mul(saved[0] as tf.Tensor, tf.div(dy, batch)),
    };
  });
  return compute(logits) as tf.Scalar;
}

export const crossEntropyLoss: AnyComponent = loss('cross-entropy', {
  help: 'Cross-entropy with the data’s labels, optionally smoothed.',
  options: z.strictObject({
    labelSmoothing: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Share of the truth that is spread evenly over all classes.'),
    student: z.string().default('logits').describe('The student’s output with the logits, [batch, classes].'),
    target: z
      .string()
      .optional()
      .describe(
        'The field with the class index, int32 [batch]. Default: the target that the data set names.',
      ),
  }),
  create(options, _services, { data }) {
    const target = targetField('cross-entropy', options.target, data.target);
    return {
      needs: { student: [options.student], teacher: [], batch: [target] },
      compute({ student, batch }) {
        const logits = pick('cross-entropy', 'student', student, options.student);
        const labels = pick('cross-entropy', 'batch', batch, target);
        checkLogits('cross-entropy', 'student', logits);
        checkLabels('cross-entropy', labels, logits.shape[0]);
        return crossEntropy(logits, labels, options.labelSmoothing);
      },
    };
  },
});
