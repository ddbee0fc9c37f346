// Self-attention relations: queries, keys or values of a layer among themselves (MiniLMv2, Wang et al. 2021, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { keyDivergence, ofScores, queryMean } from '../parts/key-divergence.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf, type LayerShape } from '../parts/layer-shape.js';
import { gram } from '../parts/relation-matrix.js';

const name = 'self-attention-relation';

/** [batch, length, width] to scaled inner products of positions within each part of the width: [batch, heads, length, length]. */
function relation(states: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch = 1, length = 1, width = 1] = states.shape;
  const size = width / heads;
  const split = tf.transpose(tf.reshape(states, [batch, length, heads, size]), [0, 2, 1, 3]);
  return tf.div<tf.Tensor4D>(gram(split), Math.sqrt(size));
}

/** Mean over heads and positions that count of `KL(softmax(V V^T / sqrt(d)) || softmax(Z Z^T / sqrt(d)))`. `mask`: [batch, length]. */
function selfAttentionRelation(
  student: tf.Tensor,
  teacher: tf.Tensor,
  heads: number,
  mask?: tf.Tensor,
): tf.Scalar {
  const [batch = 1, length = 1] = student.shape;
  const weights = mask ?? tf.ones([batch, length]);
  const keys = tf.reshape(weights, [batch, 1, 1, length]);
  const distribution = (states: tf.Tensor) => ofScores(relation(states, heads), keys);
  const each = keyDivergence(distribution(student), distribution(teacher));
  return queryMean(each, tf.reshape(weights, [batch, 1, length, 1]));
}

function checkHeads(whose: string, layer: LayerShape, heads: number): void {
  const width = channelsOf(name, whose, layer);
  if (width % heads === 0) return;
  throw new PotstillError({
    code: 'LOSS_INVALID',
    message: `${name}: ${heads} heads do not divide the ${width} numbers of the ${whose}'s \`${layer.name}\``,
    hint: 'Choose `heads` that divide both widths.',
  });
}

export const selfAttentionRelationLoss: AnyComponent = layerPairLoss(name, {
  help: 'Relations among a layer’s queries, keys or values (MiniLMv2, Wang et al. 2021).',
  method: {
    paper:
      'Wang, Bao, Huang, Dong & Wei 2021: MiniLMv2: Multi-Head Self-Attention Relation Distillation for Compressing Pretrained Transformers, section 3',
    url: 'https://arxiv.org/abs/2012.15828',
    formula: 'mean over heads and positions KL(softmax(V V^T / sqrt(d_v)) || softmax(Z Z^T / sqrt(d_z)))',
    family: 'attention',
    student: ['hidden states'],
    teacher: ['hidden states'],
    aliases: { papers: ['MiniLMv2', 'MiniLM value relation'] },
    example: {
      use: name,
      layers: '{queries,keys,values}.0 -> {queries,keys,values}.0',
      heads: 2,
    },
    note: 'One pair of layers a relation: queries, keys and values give the three of MiniLMv2. MiniLM’s value relation is that of the values with as many heads as the attention has. The default 48 is the paper’s for teachers of base size (64 for large ones).',
  },
  forms: ['hidden states [length, channels]'],
  masks: true,
  options: {
    heads: z
      .int()
      .positive()
      .default(48)
      .describe('Relation heads: parts that both widths are cut into; need not be the attention’s.'),
  },
  create({ heads }, pair) {
    checkHeads('student', pair.student, heads);
    checkHeads('teacher', pair.teacher, heads);
    return ({ student, teacher, mask }) => selfAttentionRelation(student, teacher, heads, mask);
  },
});
