// Margin matching: how far a query's right text scores above the wrong ones (MarginMSE, Hofstätter et al. 2020).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { logitPairLoss } from '../parts/logit-pair.js';

/** Scores [rows, candidates], the right one first, to the mean over the others of the squared difference of margins: [rows]. */
function marginMatching(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Tensor {
  const candidates = student.shape[1];
  const margins = (scores: tf.Tensor2D) => tf.sub(tf.slice(scores, [0, 0], [-1, 1]), scores);
  const squares = tf.squaredDifference(margins(student), margins(teacher));
  return tf.div(tf.sum(squares, 1), Math.max(1, candidates - 1));
}

export const marginMatchingLoss: AnyComponent = logitPairLoss('margin-matching', {
  help: 'Margins between the score of the right candidate and the others’ (MarginMSE, Hofstätter et al. 2020).',
  method: {
    paper:
      'Hofstätter et al. 2020: Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation',
    url: 'https://arxiv.org/abs/2010.02666',
    formula: 'mean over negatives n ((z_0 - z_n) - (v_0 - v_n))^2; z_0, v_0: scores of the right candidate',
    family: 'relations',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { papers: ['Margin-MSE'], 'sentence-transformers': ['MarginMSELoss'] },
    example: { use: 'margin-matching' },
    note: 'Both give one score a candidate, the right one first: [batch, candidates]. A model of embeddings gives inner products of its query and its texts.',
  },
  options: {},
  create: () => ({ compute: ({ z, v, mean }) => mean(marginMatching(z, v)) }),
});
