// Class-balanced cross-entropy: rare classes weigh more, by their effective number of examples (Cui et al. 2019).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { classWeightOptions, classWeights } from '../parts/class-weights.js';
import { constant } from '../parts/constant.js';
import { labelLoss } from '../parts/label-loss.js';
import { rowCrossEntropy } from '../parts/one-hot.js';

const name = 'class-balanced-cross-entropy';

export const classBalancedCrossEntropyLoss: AnyComponent = labelLoss(name, {
  help: 'Cross-entropy with labels, each class weighted by its effective number of examples.',
  method: {
    paper: 'Cui et al. 2019: Class-Balanced Loss Based on Effective Number of Samples, sections 3 and 4',
    url: 'https://arxiv.org/abs/1901.05555',
    formula:
      '-w_y log softmax(z)_y, w_c = (1 - beta) / (1 - beta^n_c), scaled to a sum of N over the N classes',
    family: 'labels',
    student: ['logits'],
    teacher: [],
    labels: true,
    aliases: { papers: ['CB loss'] },
    example: { use: name, counts: [900, 90, 9] },
    note: 'The mean over the rows, as the paper has it; PyTorch’s `weight` divides by the sum of the rows’ weights.',
  },
  options: classWeightOptions,
  create:
    (options) =>
    ({ z, target, mean }) => {
      const weights = constant(classWeights(name, options, z.shape[1]));
      const ofRow = tf.sum(tf.mul(target, weights), -1, true);
      return mean(tf.mul(rowCrossEntropy(z, target), ofRow));
    },
});
