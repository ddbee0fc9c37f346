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
  method: {
    paper:
      'Chen, Wang, Xu, Yang, Liu, Shi, Xu, Xu & Tian 2019: Data-Free Learning of Student Networks, section 3, equations 2 to 5',
    url: 'https://arxiv.org/abs/1904.01186',
    formula:
      'student: T^2 KL(softmax(v/T) || softmax(z/T)); generator: CE(v, argmax v) - alpha mean |f| - beta H(mean softmax(v)); v, z, f of what it makes',
    family: 'without data',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { papers: ['DAFL'] },
    example: { use: 'dafl', features: 'features' },
    note: 'The teacher runs in the training step (`live`). The authors’ code takes the decimal logarithm in the entropy; here it is the natural one, as in the paper.',
  },
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
