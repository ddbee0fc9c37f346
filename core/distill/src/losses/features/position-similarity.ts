// How the positions of one layer go with those of the next: TextBrewer's `nst` (`mmd`), on hidden states.
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss, type Layers } from '../parts/layer-pair.js';

/** `F G^T / channels` of two layers [batch, length, channels]: [batch, length, length]. */
function positionMatrix(first: tf.Tensor, second: tf.Tensor): tf.Tensor {
  return tf.div(tf.matMul(first, second, false, true), second.shape.at(-1) ?? 1);
}

export const positionSimilarity: AnyComponent = layerPairLoss('position-similarity', {
  help: 'Difference of the similarity matrices of positions between consecutive layers (TextBrewer’s nst).',
  method: {
    paper:
      'Yang, Cui, Chen, Che, Liu, Wang & Hu 2020: TextBrewer: An Open-Source Knowledge Distillation Toolkit for Natural Language Processing, section 3; after Huang & Wang 2017',
    url: 'https://arxiv.org/abs/2002.12620',
    formula:
      'mean((z1 z2^T / c - v1 v2^T / d)^2) over pairs of positions; c and d are the numbers of channels',
    family: 'features',
    student: ['hidden states'],
    teacher: ['hidden states'],
    aliases: { TextBrewer: ['nst', 'mmd'] },
    example: { use: 'position-similarity', layers: 'states.{0,1} -> states.{0,1}' },
    note: 'A variant of neuron selectivity transfer whose matrices are [length, length], so that hidden sizes may differ. Of a single pair of layers it compares the layer with itself. Pairs with padding do not count.',
  },
  forms: ['hidden states [length, channels]'],
  options: {},
  resize: ['none', 'average'],
  masks: true,
  together(_options, pairs) {
    const flows = pairs.length === 1 ? [[0, 0] as const] : pairs.slice(1).map((_, k) => [k, k + 1] as const);
    return (layers) =>
      tf.addN<tf.Scalar>(
        flows.map(([i, j]) => {
          const [from, to] = [layers[i] as Layers, layers[j] as Layers];
          const squares = tf.squaredDifference(
            positionMatrix(from.student, to.student),
            positionMatrix(from.teacher, to.teacher),
          );
          const { mask } = from;
          if (mask === undefined) return tf.mean(squares);
          const both = tf.mul(tf.expandDims(mask, 1), tf.expandDims(mask, 2));
          return tf.div(tf.sum(tf.mul(squares, both)), tf.maximum(tf.sum(both), 1));
        }),
      );
  },
});
