// Universal logit distillation: probabilities in order of size, for vocabularies that differ (Boizard et al. 2024).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { sortDescending } from '../parts/sort.js';

/** `sum_i |p_(i) - q_(i)|` of each row, [rows], of the probabilities sorted, the shorter row padded with 0. */
function sortedDistance(z: tf.Tensor2D, v: tf.Tensor2D): tf.Tensor1D {
  const longest = Math.max(z.shape[1], v.shape[1]);
  const sorted = (x: tf.Tensor2D) =>
    tf.pad(sortDescending(tf.softmax(x)), [
      [0, 0],
      [0, longest - x.shape[1]],
    ]);
  return tf.sum(tf.abs(tf.sub(sorted(z), sorted(v))), -1);
}

export const universalLogitDistillationLoss: AnyComponent = logitPairLoss('universal-logit-distillation', {
  help: 'Distance of the probabilities in order of size: the classes of student and teacher may differ.',
  method: {
    paper:
      'Boizard et al. 2024: Towards Cross-Tokenizer Distillation: the Universal Logit Distillation Loss for LLMs, section 3',
    url: 'https://arxiv.org/abs/2402.12030',
    formula:
      'T^2 sum_i |p_(i) - q_(i)|, p = softmax(v / T) and q = softmax(z / T) from the largest to the smallest, the shorter one padded with 0',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    aliases: { TRL: ['ULDLoss', 'GOLDTrainer', 'GOLD'], papers: ['ULD'] },
    example: 'universal-logit-distillation',
    note: 'The distilling term alone; the paper gives it the weight 1.5 beside cross-entropy. Positions must correspond: TRL’s GOLD merges tokens by their offsets and compares tokens of the same text directly first.',
  },
  otherClasses: true,
  temperature: 1,
  options: {},
  create: () => ({
    compute: ({ soft: { z, v, square }, mean }) =>
      mean(tf.mul(tf.reshape(sortedDistance(z, v), [-1, 1]), square)),
  }),
});
