// Weighted soft targets: rows count as much as the teacher is sure of itself, or agrees with the label.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, Method } from '../../contracts/index.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss, type LogitPair } from '../parts/logit-pair.js';
import { oneHot, rowCrossEntropy } from '../parts/one-hot.js';

/** `T^2 w KL` of each row, [rows, 1]; `weights` [rows, 1]. */
function weighted({ soft: { z: own, v, square } }: LogitPair, weights: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(rowDivergence(v, own, kullbackLeibler), weights), square);
}

/** From 0 to 1 for each row of probabilities [rows, classes], [rows, 1]. */
const confidences = {
  largest: (p: tf.Tensor2D) => tf.max(p, -1, true),
  margin(p: tf.Tensor2D) {
    const { values } = tf.topk(p, Math.min(2, p.shape[1]));
    return p.shape[1] === 1
      ? values
      : tf.sub(tf.slice(values, [0, 0], [-1, 1]), tf.slice(values, [0, 1], [-1, 1]));
  },
  entropy(p: tf.Tensor2D) {
    const each = tf.mul(p, tf.log(tf.maximum(p, 1e-30)));
    return tf.add(tf.div(tf.sum(each, -1, true), Math.log(Math.max(2, p.shape[1]))), 1);
  },
};

const method = {
  family: 'logits',
  student: ['logits'],
  teacher: ['logits'],
  sameShape: true,
} satisfies Partial<Method>;

export const confidenceWeightedLoss: AnyComponent = logitPairLoss('confidence-weighted-soft-targets', {
  help: 'Soft targets that count as much as the teacher is sure of itself.',
  method: {
    ...method,
    paper:
      'soft targets (Hinton, Vinyals & Dean 2015, section 2) with a weight for each row, in wide use and of no single paper',
    url: 'https://arxiv.org/abs/1503.02531',
    formula:
      'T^2 w KL(softmax(v / T) || softmax(z / T)); with p = softmax(v) w is max p, max p less the second, or 1 - H(p) / log N',
    example: 'confidence-weighted-soft-targets',
    note: 'The mean over the rows, not over their weights: a batch of which the teacher is unsure counts less.',
  },
  temperature: 4,
  options: {
    confidence: z
      .enum(['largest', 'margin', 'entropy'])
      .default('largest')
      .describe('The largest probability, how far it is above the second, or 1 less the entropy over log N.'),
  },
  create: ({ confidence }) => ({
    compute: (pair) => pair.mean(weighted(pair, confidences[confidence](tf.softmax(pair.v)))),
  }),
});

export const agreementWeightedLoss: AnyComponent = logitPairLoss('agreement-weighted-soft-targets', {
  help: 'Soft targets where the teacher is right, or as much as it agrees with the label.',
  method: {
    ...method,
    paper: 'Meng et al. 2019: Conditional Teacher-Student Learning',
    url: 'https://arxiv.org/abs/1904.12399',
    formula:
      'T^2 w KL(softmax(v / T) || softmax(z / T)) + (1 - w) CE(z, y) with `otherwise: label`; w is 1 where the teacher’s likeliest class is the label, else 0, or softmax(v)_y',
    labels: true,
    aliases: { papers: ['conditional teacher-student learning'] },
    example: 'agreement-weighted-soft-targets',
    note: 'The paper’s learning is `by: right, otherwise: label` at temperature 1, with the cross-entropy with the teacher where this has KL.',
  },
  labels: true,
  temperature: 4,
  options: {
    by: z
      .enum(['right', 'probability'])
      .default('right')
      .describe(
        '`right`: rows whose likeliest class is the label count, others do not. `probability`: as the teacher’s probability of the label.',
      ),
    otherwise: z
      .enum(['none', 'label'])
      .default('none')
      .describe(
        'What stands in for the teacher by what it lacks of agreement: nothing, or cross-entropy with the label.',
      ),
  },
  create: ({ by, otherwise }) => ({
    compute(pair) {
      const { z: own, v, labels, mean } = pair;
      const target = oneHot(labels as tf.Tensor1D, v.shape[1]);
      const p = by === 'right' ? oneHot(tf.argMax(v, -1), v.shape[1]) : tf.softmax(v);
      const agreement = tf.sum(tf.mul(p, target), -1, true);
      const soft = weighted(pair, agreement);
      if (otherwise === 'none') return mean(soft);
      return mean(tf.add(soft, tf.mul(rowCrossEntropy(own, target), tf.sub(1, agreement))));
    },
  }),
});
