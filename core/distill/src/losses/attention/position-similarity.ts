// Position similarity: inner products between the positions of a layer's hidden states (after NST, Huang & Wang 2017).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { maskedMean } from '../parts/mask.js';
import { gram } from '../parts/relation-matrix.js';

/** Inner products of all positions, divided by the width: [batch, length, length]. */
const products = (states: tf.Tensor) => tf.div(gram(states), states.shape.at(-1) ?? 1);

/** Mean over the pairs of positions that both count of the squared difference of their products. `mask`: [batch, length]. */
function positionSimilarity(student: tf.Tensor, teacher: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  const pairs = mask && tf.mul(tf.expandDims(mask, 2), tf.expandDims(mask, 1));
  return maskedMean(tf.squaredDifference(products(student), products(teacher)), pairs);
}

export const positionSimilarityLoss: AnyComponent = layerPairLoss('position-similarity', {
  help: 'Inner products between the positions of hidden states (TextBrewer’s nst).',
  method: {
    paper:
      'Yang et al. 2020: TextBrewer: An Open-Source Knowledge Distillation Toolkit for Natural Language Processing',
    url: 'https://arxiv.org/abs/2002.12620',
    formula: 'mean over pairs of positions (<z_i, z_j> / d_z - <v_i, v_j> / d_v)^2; d: width',
    family: 'attention',
    student: ['hidden states'],
    teacher: ['hidden states'],
    aliases: { TextBrewer: ['nst', 'mmd', 'mmd_loss'] },
    example: { use: 'position-similarity', student: 'states.1', teacher: 'states.1' },
    note: 'TextBrewer’s variant of neuron selectivity transfer for tokens; its name there is both mmd and nst. It takes two layers of each; here one and the same, as its presets have it.',
  },
  forms: ['hidden states [length, channels]'],
  masks: true,
  options: {},
  create:
    () =>
    ({ student, teacher, mask }) =>
      positionSimilarity(student, teacher, mask),
});
