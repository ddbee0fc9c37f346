// Flow of the solution procedure: how the channels of one layer go with those of the next (Yim et al. 2017, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { layerPairLoss, type Layers } from '../parts/layer-pair.js';

type Side = 'student' | 'teacher';

/**
 * `F^T G / positions` of two layers [batch, ..., channels]: [batch, channels of F, channels of G]. Of feature maps the larger is
 * max-pooled first. `positions`: how many count, [batch, 1, 1]; default all.
 */
function flowMatrix(first: tf.Tensor, second: tf.Tensor, positions?: tf.Tensor): tf.Tensor {
  const [f, g] = first.shape.length === 4 ? poolPair(first, second) : [first, second];
  const rows = (x: tf.Tensor) => tf.reshape(x, [x.shape[0] ?? 1, -1, x.shape.at(-1) as number]);
  const [a, b] = [rows(f), rows(g)];
  return tf.div(tf.matMul(a, b, true, false), positions ?? a.shape[1] ?? 1);
}

function poolPair(first: tf.Tensor, second: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const size = [1, 2].map((axis) => Math.min(first.shape[axis] ?? 1, second.shape[axis] ?? 1));
  const pool = (x: tf.Tensor) => {
    const factor = size.map((length, k) => (x.shape[k + 1] ?? 1) / length);
    if (factor.every((each) => each === 1)) return x;
    if (!factor.every(Number.isInteger))
      throw new PotstillError({
        code: 'LOSS_INVALID',
        message: `flow-of-solution: a map of ${x.shape[1]} x ${x.shape[2]} cannot be pooled to ${size.join(' x ')}`,
        hint: 'Height and width of one layer must be multiples of those of the other.',
      });
    return tf.maxPool(x as tf.Tensor4D, factor as [number, number], factor as [number, number], 'valid');
  };
  return [pool(first), pool(second)];
}

export const flowOfSolution: AnyComponent = layerPairLoss('flow-of-solution', {
  help: 'Difference of the Gram matrices between consecutive layers (FSP, Yim et al. 2017).',
  method: {
    paper:
      'Yim, Joo, Bae & Kim 2017: A Gift from Knowledge Distillation: Fast Optimization, Network Minimization and Transfer Learning, section 3',
    url: 'https://openaccess.thecvf.com/content_cvpr_2017/html/Yim_A_Gift_From_CVPR_2017_paper.html',
    formula: 'sum((G(z1, z2) - G(v1, v2))^2) with G(x, y) = x^T y / positions, of each layer and the next',
    family: 'features',
    student: ['feature map', 'hidden states'],
    teacher: ['feature map', 'hidden states'],
    aliases: {
      papers: ['FSP'],
      torchdistill: ['FSPLoss'],
      TextBrewer: ['fsp', 'fsp_loss', 'gram', 'gram_loss'],
    },
    example: { use: 'flow-of-solution', layers: 'stage.{1,2,3} -> stage.{1,2,3}' },
    note: 'The paper squares the length of the difference of the matrices; torchdistill’s FSPLoss adds up the lengths of its columns instead, TextBrewer’s fsp takes the mean square (`reduction: mean`). Of a single pair of layers it is the Gram matrix of the layer (TextBrewer’s gram).',
  },
  forms: ['a feature map [h, w, channels]', 'hidden states [length, channels]'],
  options: {
    reduction: z
      .enum(['sum', 'mean'])
      .default('sum')
      .describe('Of the squares of a matrix’s numbers: their sum, as in the paper, or their mean.'),
  },
  connector: 'auto',
  masks: true,
  together({ reduction }, pairs) {
    const flows = pairs.length === 1 ? [[0, 0] as const] : pairs.slice(1).map((_, k) => [k, k + 1] as const);
    return (layers) => {
      const matrix = (side: Side, from: Layers, to: Layers) =>
        flowMatrix(
          from[side],
          to[side],
          from.mask && tf.maximum(tf.sum(tf.reshape(from.mask, [from.mask.shape[0], -1, 1]), 1, true), 1),
        );
      const terms = flows.map(([i, j]) => {
        const [from, to] = [layers[i] as Layers, layers[j] as Layers];
        const squares = tf.squaredDifference(matrix('student', from, to), matrix('teacher', from, to));
        return reduction === 'mean' ? tf.mean(squares) : tf.mean(tf.sum(squares, [1, 2]));
      });
      return tf.addN(terms) as tf.Scalar;
    };
  },
});
