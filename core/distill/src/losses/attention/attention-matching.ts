// Attention matching: squared error of attention, head by head (TinyBERT, Jiao et al. 2020, section 3.1).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { attentionPairLoss, type AttentionPair } from '../parts/attention-pair.js';

/** Mean over heads, queries and keys that count of `(z - v)^2`. */
function attentionMatching({ student, teacher, queries, keys }: AttentionPair): tf.Scalar {
  const counts = tf.mul(queries, keys);
  const total = tf.mul(tf.sum(counts), student.shape[1]);
  const error = tf.sum(tf.mul(tf.squaredDifference(student, teacher), counts));
  return tf.div(error, tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
}

export const attentionMatchingLoss: AnyComponent = attentionPairLoss('attention-matching', {
  help: 'Squared error of attention, head by head or summed (TinyBERT, Jiao et al. 2020).',
  method: {
    paper:
      'Jiao et al. 2020: TinyBERT: Distilling BERT for Natural Language Understanding, section 3.1 (attention-based distillation)',
    url: 'https://arxiv.org/abs/1909.10351',
    formula: 'mean over heads, queries and keys (z - v)^2',
    family: 'attention',
    student: ['attention'],
    teacher: ['attention'],
    aliases: {
      papers: ['TinyBERT'],
      TextBrewer: ['attention_mse', 'attention_mse_sum', 'att_mse_loss', 'att_mse_sum_loss'],
    },
    example: { use: 'attention-matching', layers: 'attention.{0,1} -> attention.{0,1}', heads: 'mean' },
    note: 'TinyBERT compares the scores before the softmax: name outputs that are scores; probabilities work as well. Its other parts are `hint` on hidden states and embeddings, with a linear map, and soft targets. TextBrewer without a mask sets all scores below -0.001 to 0, negative ones with the padding; here padding is known by lengths or `mask`, and negative scores count.',
  },
  heads: ['each', 'sum', 'mean'],
  options: {},
  compute: attentionMatching,
});
