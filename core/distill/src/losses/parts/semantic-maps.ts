// The small networks of semantic calibration: a layer's query or key, and the regressor between two layers.
import * as tf from '@tensorflow/tfjs-core';
import { PotstillError } from '../../errors/potstill-error.js';
import type { Layer } from '../../students/batch-norm.js';
import { batchNorm } from '../../students/batch-norm.js';
import { initializers } from '../../students/init.js';
import { conv3x3 } from '../../students/parts.js';
import type { VariableSet } from '../../students/variables.js';
import { linear, relu, sequence } from './connector.js';
import { channelsOf, type LayerShape } from './layer-shape.js';
import { gram, unit } from './relation-matrix.js';

/**
 * [n, ...] to [n, size], rows of length 1: an example's inner products with the batch's, filled with zeros up to `batch`, through
 * two linear layers with ReLU between them.
 */
export function layerEmbedding(variables: VariableSet, name: string, batch: number, size: number): Layer {
  const map = sequence(
    linear(variables, `${name}.first`, batch, 2 * size),
    relu,
    linear(variables, `${name}.second`, 2 * size, size),
  );
  return (layer, at) => {
    const [n = 1] = layer.shape;
    if (n > batch)
      throw new PotstillError({
        code: 'LOSS_INVALID',
        message: `semantic-calibration: a batch has ${n} examples, and \`batch\` is ${batch}`,
        hint: 'Let `batch` be that of `train`.',
      });
    const products = gram(tf.reshape<tf.Rank.R2>(layer, [n, layer.size / n]));
    const filled = tf.concat([products, tf.zeros([n, batch - n])], 1);
    return unit(map(filled, at));
  };
}

/** 1x1, 3x3 and 1x1 convolutions, the first two with batch norm and ReLU, twice as wide as the teacher's layer. */
export function valueMap(
  loss: string,
  variables: VariableSet,
  name: string,
  { student, teacher }: { readonly student: LayerShape; readonly teacher: LayerShape },
): Layer {
  const to = channelsOf(loss, 'teacher', teacher);
  const wide = 2 * to;
  const init = initializers['he-normal'];
  return sequence(
    linear(variables, `${name}.first`, channelsOf(loss, 'student', student), wide, { bias: false, init }),
    batchNorm(variables, `${name}.norm`, wide),
    relu,
    conv3x3(variables, `${name}.middle`, { from: wide, to: wide, norm: 'batch', init }),
    relu,
    linear(variables, `${name}.last`, wide, to, { bias: false }),
  );
}
