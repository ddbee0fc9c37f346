// Data-free learning: a generator makes examples that a frozen teacher finds typical, and the student learns its answers to them
// (Chen et al. 2019, "Data-free learning of student networks", section 3).
import { adam } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { softTargets } from '../logits/soft-targets.js';
import { pick } from '../parts/check.js';
import { logSoftmax } from '../parts/softmax.js';
import { generatedLoss } from './from-generator.js';
import { generatorOf, generatorOptions } from './generator.js';

/** Cross-entropy with the class that the teacher itself finds likeliest, mean over the batch (equation 2). */
export function certainty(logits: tf.Tensor): tf.Scalar {
  const { shifted, logSum } = logSoftmax(logits);
  return tf.mean<tf.Scalar>(tf.sub(logSum, tf.max(shifted, -1, true)));
}

/** `sum p log p` of the mean of the softmax over the batch: least where all classes are equally frequent (equation 4). */
export function negativeEntropy(logits: tf.Tensor): tf.Scalar {
  const p = tf.mean(tf.softmax(logits), 0);
  return tf.sum<tf.Scalar>(tf.mul(p, tf.log(tf.maximum(p, 1e-12))));
}

export const daflLoss: AnyComponent = loss('dafl', {
  help: 'Distillation without data: a generator makes examples that the frozen teacher finds typical (DAFL, Chen et al. 2019).',
  options: z.strictObject({
    ...generatorOptions,
    temperature: z.number().positive().default(1).describe('T of the student’s soft targets.'),
    features: z
      .string()
      .optional()
      .describe(
        'The teacher’s layer before its scores, whose activations are to be large. Default: none, that term is left out.',
      ),
    activation: z
      .number()
      .min(0)
      .default(0.1)
      .describe('Weight of the mean absolute value of `features` (α).'),
    balance: z.number().min(0).default(5).describe('Weight of the entropy over the classes of a batch (β).'),
  }),
  needsTeacher: true,
  create(options, services, { data, student }) {
    const { features, temperature, activation, balance } = options;
    return generatedLoss({
      name: 'dafl',
      generator: generatorOf('dafl', options, data, services),
      student,
      teacher: features === undefined ? ['logits'] : ['logits', features],
      training: { optimizer: adam(), rate: 0.001 },
      learn: (z, v) => softTargets(z, v, { temperature }),
      generatorSeesStudent: false,
      generate({ teacher }) {
        const logits = pick('dafl', 'teacher', teacher, 'logits');
        const typical = tf.add<tf.Scalar>(certainty(logits), tf.mul(negativeEntropy(logits), balance));
        if (features === undefined) return typical;
        const active = tf.mean(tf.abs(pick('dafl', 'teacher', teacher, features)));
        return tf.sub<tf.Scalar>(typical, tf.mul(active, activation));
      },
    });
  },
});
