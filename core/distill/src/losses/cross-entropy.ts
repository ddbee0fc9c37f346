// Cross-entropy with hard labels.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { loss } from '../plugin/define.js';
import { checkLabels, checkLogits, pick, targetField } from './check.js';
import { logSoftmax } from './softmax.js';

/**
 * `-sum_i y_i log softmax(z)_i`, mean over the rows that have a label, where `y` is one-hot, or with label smoothing `s`
 * (Szegedy et al. 2016, section 7) `(1 - s) * onehot + s / N`.
 * Logits float32 [batch, classes], labels int32 [batch]. The gradient is in closed form, `(softmax(z) - y) / rows`.
 * A label outside 0..classes-1, such as -1, means that the row has no label: it adds nothing to the value, the gradient or
 * the number of rows (PyTorch's `ignore_index`). Without any label the loss is 0.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, labelSmoothing = 0): tf.Scalar {
  const [batch, classes] = logits.shape;
  const compute = tf.customGrad((z, save) => {
    const labelled = tf.logicalAnd(tf.greaterEqual(labels, 0), tf.less(labels, classes));
    const counts = tf.reshape(tf.cast(labelled, 'float32'), [batch, 1]);
    const share = tf.div(counts, tf.maximum(tf.sum(counts), 1));
    // tf.oneHot refuses a depth of 1.
    const hard = classes === 1 ? tf.ones([batch, 1]) : tf.oneHot(labels, classes, 1, 0, 'float32');
    const truth =
      labelSmoothing === 0 ? hard : tf.add(tf.mul(hard, 1 - labelSmoothing), labelSmoothing / classes);
    const { shifted, logSum, probabilities } = logSoftmax(z as tf.Tensor);
    const rows = tf.sum(tf.mul(truth, tf.sub(logSum, shifted)), -1, true);
    (save as tf.GradSaveFunc)([tf.sub(probabilities, truth), share]);
    return {
      value: tf.sum(tf.mul(rows, share)),
      gradFunc: (dy, saved) => {
        const [difference, shares] = saved as [tf.Tensor, tf.Tensor];
        return tf.mul(difference, tf.mul(dy, shares));
      },
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
        'The field with the class index, int32 [batch]; rows of -1 are not counted. Default: the target that the data set names.',
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
