// Balanced knowledge distillation: soft targets in which rare classes weigh more (Zhang et al. 2021).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { classWeightOptions, classWeights } from '../parts/class-weights.js';
import { constant } from '../parts/constant.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';

const name = 'balanced-knowledge-distillation';

export const balancedLoss: AnyComponent = logitPairLoss(name, {
  help: 'Soft targets whose probabilities are weighted by the effective number of examples of each class.',
  method: {
    paper:
      'Zhang et al. 2021: Balanced Knowledge Distillation for Long-tailed Learning; weights of Cui et al. 2019: Class-Balanced Loss Based on Effective Number of Samples, sections 3 and 4',
    url: 'https://arxiv.org/abs/2104.10510',
    formula:
      'T^2 KL(p || softmax(z / T)), p_c = w_c softmax(v / T)_c over its sum, w_c = (1 - beta) / (1 - beta^n_c)',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { papers: ['BKD'] },
    example: { use: name, counts: [900, 90, 9] },
    note: 'As the authors’ code: probabilities are weighted by class and scaled to a sum of 1.',
  },
  temperature: 2,
  options: classWeightOptions,
  create: (options) => ({
    compute({ soft: { z, v, square }, mean }) {
      // A factor of a probability is a summand of its logit.
      const logs = constant(classWeights(name, options, z.shape[1]).map(Math.log));
      return mean(tf.mul(rowDivergence(tf.add(v, logs), z, kullbackLeibler), square));
    },
  }),
});
