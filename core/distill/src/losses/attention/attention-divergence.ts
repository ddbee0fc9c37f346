// Attention divergence: each query's attention as a distribution over the keys (MiniLM, Wang et al. 2020, section 3.1).
import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { attentionPairLoss, type AttentionPair } from '../parts/attention-pair.js';
import { keyDivergence, ofProbabilities, ofScores, queryMean } from '../parts/key-divergence.js';

interface AttentionDivergenceOptions {
  /** What the outputs are: probabilities, or scores before the softmax. */
  readonly of: 'probabilities' | 'scores';
}

/** Mean over heads and queries that count of `KL(v || z)` over the keys that count. */
function attentionDivergence(
  { student, teacher, queries, keys }: AttentionPair,
  { of }: AttentionDivergenceOptions,
): tf.Scalar {
  const distribution = (attention: tf.Tensor) =>
    of === 'scores' ? ofScores(attention, keys) : ofProbabilities(attention);
  return queryMean(keyDivergence(distribution(student), distribution(teacher)), queries);
}

export const attentionDivergenceLoss: AnyComponent = attentionPairLoss('attention-divergence', {
  help: 'KL divergence of each query’s attention over the keys (MiniLM, Wang et al. 2020).',
  method: {
    paper:
      'Wang et al. 2020: MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers, section 3.1',
    url: 'https://arxiv.org/abs/2002.10957',
    formula: 'mean over heads and queries KL(v || z) of the distributions over the keys',
    family: 'attention',
    student: ['attention'],
    teacher: ['attention'],
    aliases: {
      papers: ['MiniLM'],
      TextBrewer: ['attention_ce', 'attention_ce_mean', 'att_ce_loss', 'att_ce_mean_loss'],
    },
    example: { use: 'attention-divergence', student: 'attention.1', teacher: 'attention.1', heads: 'mean' },
    note: 'MiniLM compares the last layers, and adds the relation of the values: `self-attention-relation` with as many `heads` as the attention has. TextBrewer’s attention_ce is the cross-entropy of scores (`of: scores`), whose gradients are the same; without a mask it drops the keys with a negative score of the teacher, here all keys count that are not padding.',
  },
  heads: ['each', 'mean'],
  options: {
    of: z
      .enum(['probabilities', 'scores'])
      .default('probabilities')
      .describe('What both outputs are: attention probabilities, or scores before the softmax.'),
  },
  compute: attentionDivergence,
});
