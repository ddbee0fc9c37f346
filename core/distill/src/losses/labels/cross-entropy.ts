// Cross-entropy with hard labels.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { checkLabels, checkLogits, pick, targetField } from '../parts/check.js';
import { logitRows, normalised } from '../parts/mask.js';
import { maskOption, positionsOf } from '../parts/positions.js';
import { logSoftmax } from '../parts/softmax.js';

/**
 * `-sum_i y_i log softmax(z)_i`, mean over the rows that have a label, where `y` is one-hot, or with label smoothing `s`
 * (Szegedy et al. 2016, section 7) `(1 - s) * onehot + s / N`.
 * Logits float32 [batch, ..., classes], labels int32 [batch, ...]: a row is an example, a frame, a token or a node. The
 * gradient is in closed form, `(softmax(z) - y) / rows`. `mask`, of the labels' shape, says which rows count, or how much.
 * A label outside 0..classes-1, such as -1, means that the row has no label: it adds nothing to the value, the gradient or
 * the number of rows (PyTorch's `ignore_index`). Without any label the loss is 0.
 */
export function crossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  labelSmoothing = 0,
  mask?: tf.Tensor,
): tf.Scalar {
  const classes = logits.shape.at(-1) ?? 1;
  const { rows, flat } = logitRows(logits.shape, mask);
  const flatLabels = tf.reshape(labels, [rows]);
  const labelled = tf.logicalAnd(tf.greaterEqual(flatLabels, 0), tf.less(flatLabels, classes));
  const counts = tf.reshape(tf.cast(labelled, 'float32'), [rows, 1]);
  const share = normalised(mask ? tf.mul(counts, tf.reshape(tf.cast(mask, 'float32'), [rows, 1])) : counts);
  const compute = tf.customGrad((z, save) => {
    // tf.oneHot refuses a depth of 1.
    const hard = classes === 1 ? tf.ones([rows, 1]) : tf.oneHot(flatLabels, classes, 1, 0, 'float32');
    const truth =
      labelSmoothing === 0 ? hard : tf.add(tf.mul(hard, 1 - labelSmoothing), labelSmoothing / classes);
    const { shifted, logSum, probabilities } = logSoftmax(z as tf.Tensor);
    const each = tf.sum(tf.mul(truth, tf.sub(logSum, shifted)), -1, true);
    (save as tf.GradSaveFunc)([tf.sub(probabilities, truth), share]);
    return {
      value: tf.sum(tf.mul(each, share)),
      gradFunc: (dy, saved) => {
        const [difference, shares] = saved as [tf.Tensor, tf.Tensor];
        return tf.mul(difference, tf.mul(dy, shares));
      },
    };
  });
  return compute(flat(logits)) as tf.Scalar;
}

export const crossEntropyLoss: AnyComponent = loss('cross-entropy', {
  help: 'Cross-entropy with the data’s labels, optionally smoothed.',
  method: {
    paper: 'Szegedy et al. 2016: Rethinking the Inception Architecture, section 7 (label smoothing)',
    url: 'https://arxiv.org/abs/1512.00567',
    formula: '-sum_i y_i log softmax(z)_i, y = (1 - s) onehot + s / N',
    family: 'labels',
    student: ['logits'],
    teacher: [],
    labels: true,
    aliases: { PyTorch: ['CrossEntropyLoss'], papers: ['LSR', 'label smoothing'] },
    example: 'cross-entropy',
  },
  options: z.strictObject({
    labelSmoothing: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Share of the truth that is spread evenly over all classes.'),
    student: z
      .string()
      .default('logits')
      .describe('The student’s output with the logits, [batch, ..., classes].'),
    target: z
      .string()
      .optional()
      .describe(
        'The field with the class index, int32 [batch, ...]; rows of -1 are not counted. Default: the target that the data set names.',
      ),
    mask: maskOption,
  }),
  create(options, _services, { data, student: { outputs } }) {
    const target = targetField('cross-entropy', options.target, data.target);
    const positions = positionsOf('cross-entropy', {
      data,
      outputs,
      output: options.student,
      target,
      mask: options.mask,
    });
    return {
      needs: {
        student: [options.student, ...positions.student],
        teacher: [],
        batch: [target, ...positions.batch],
      },
      compute({ student, batch }) {
        const logits = pick('cross-entropy', 'student', student, options.student);
        const labels = pick('cross-entropy', 'batch', batch, target);
        checkLogits('cross-entropy', 'student', logits);
        checkLabels('cross-entropy', labels, logits);
        const mask = positions.mask({ student, batch }, labels.shape);
        return crossEntropy(logits, labels, options.labelSmoothing, mask);
      },
    };
  },
});
