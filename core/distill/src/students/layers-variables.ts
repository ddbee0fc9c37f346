// The variables of a tf.layers model by stable names, with weights from its file or drawn anew.
import type { NamedVariable, RandomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { drawWeight } from './layers-init.js';
import { refuse } from './shape.js';

/**
 * Names are those of the model's JSON (`dense_1/kernel`). `weights`: values by name, all of them; undefined: each is
 * drawn from `random.child(<name>)` by its layer's initialiser.
 */
export function nameVariables(
  layers: readonly tfl.layers.Layer[],
  random: RandomStream,
  weights: tf.NamedTensorMap | undefined,
): readonly NamedVariable[] {
  const named = new Map<string, NamedVariable>();
  const seen = new Set<tfl.layers.Layer>();
  for (const layer of layers) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    for (const weight of layer.weights) {
      const name = weight.originalName;
      if (named.has(name))
        refuse(`layers: two weights are named \`${name}\``, 'Give every layer of the model its own name.');
      // What LayerVariable.read gives is the variable itself, although its type says Tensor.
      const variable = weight.read() as tf.Variable;
      const trainable = weight.trainable && layer.trainable;
      variable.assign(
        weights
          ? fromFile(weights, name, variable.shape)
          : tf.tensor(drawWeight(layer, name, variable.shape, random.child(name)), variable.shape),
      );
      named.set(name, trainable ? { name, variable } : { name, variable, trainable: false });
    }
  }
  return [...named.values()];
}

function fromFile(weights: tf.NamedTensorMap, name: string, shape: readonly number[]): tf.Tensor {
  const found = weights[name];
  if (!found)
    return refuse(
      `layers: the weight file has no \`${name}\``,
      `It has: ${Object.keys(weights).join(', ')}. Set \`fresh: true\` to draw new weights.`,
    );
  if (found.shape.length !== shape.length || found.shape.some((length, i) => length !== shape[i]))
    return refuse(
      `layers: the weight \`${name}\` has shape [${found.shape}] in the file, [${shape}] in the model`,
      'Topology and weights come from different models.',
    );
  return tf.cast(found.clone(), 'float32');
}
