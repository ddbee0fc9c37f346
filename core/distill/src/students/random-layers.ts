// Makes the random layers of a tf.layers model draw from the step's streams instead of TF.js's hidden ones.
import { dropout, type StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { refuse } from './shape.js';

type Layer = tfl.layers.Layer;
type Noise = (x: tf.Tensor, at: StepContext) => tf.Tensor;

/** The step being run or recorded; undefined outside of the student's forward pass. */
export interface CurrentStep {
  at: StepContext | undefined;
}

/** SELU's scale times alpha, negated: what dropped units are set to (Klambauer et al. 2017, section 3). */
const selu = -1.7580993408473766;

/** Layer class to what it does while training. */
const noises: Readonly<Record<string, (config: Record<string, unknown>) => Noise>> = {
  Dropout: (config) => {
    const noiseShape = config.noiseShape as readonly (number | null)[] | null | undefined;
    return drop(config, (shape) => shape.map((length, i) => noiseShape?.[i] ?? length));
  },
  SpatialDropout1D: (config) => drop(config, ([batch = 1, , channels = 1]) => [batch, 1, channels]),
  GaussianNoise: (config) => {
    const deviation = Number(config.stddev);
    return (x, at) => tf.add(x, tf.mul(at.random.normal(x.shape), deviation));
  },
  GaussianDropout: (config) => {
    const rate = Number(config.rate);
    if (rate <= 0 || rate >= 1) return (x) => x;
    const deviation = Math.sqrt(rate / (1 - rate));
    return (x, at) => tf.mul(x, tf.add(tf.mul(at.random.normal(x.shape), deviation), 1));
  },
  AlphaDropout: (config) => {
    const rate = Number(config.rate);
    if (rate <= 0 || rate >= 1) return (x) => x;
    // Keeps mean and variance. TF.js's own layer sets dropped units to +1.76 where the paper has -1.76.
    const a = ((1 - rate) * (1 + rate * selu ** 2)) ** -0.5;
    const b = -a * selu * rate;
    return (x, at) => {
      const keep = at.random.keepMask(x.shape, rate);
      const kept = tf.add(tf.mul(x, keep), tf.mul(tf.sub(1, keep), selu));
      return tf.add(tf.mul(kept, a), b);
    };
  },
};

/** `maskShape` gives the shape in which units are dropped together. */
function drop(config: Record<string, unknown>, maskShape: (shape: readonly number[]) => number[]): Noise {
  const rate = Number(config.rate);
  if (rate <= 0 || rate >= 1) return (x) => x;
  return (x, at) => {
    const shape = maskShape(x.shape);
    if (shape.every((length, i) => length === x.shape[i])) return dropout(x, rate, at);
    return tf.mul(x, tf.mul(at.random.keepMask(shape, rate), 1 / (1 - rate)));
  };
}

/** Layers whose randomness cannot be taken over. */
function unsupported(layer: Layer): string | undefined {
  const config = layer.getConfig();
  if (Number(config.dropout ?? 0) > 0 || Number(config.recurrentDropout ?? 0) > 0)
    return 'dropout inside of a recurrent layer';
  return layer.getClassName().startsWith('Random') ? 'random augmentation' : undefined;
}

/**
 * Overrides the call of each random layer: within a training step it draws from `current.at.random`, within any other
 * step it is the identity, outside of a step (layersModel.predict, fit) it is TF.js's own.
 */
export function takeOverRandomness(layers: readonly Layer[], current: CurrentStep): void {
  for (const layer of layers) {
    const problem = unsupported(layer);
    if (problem !== undefined)
      refuse(
        `layers: layer \`${layer.name}\` (${layer.getClassName()}) has ${problem}, which is not supported`,
        `Take it out of the model. Random layers that work: ${Object.keys(noises).join(', ')}.`,
      );
    const noise = noises[layer.getClassName()]?.(layer.getConfig());
    if (!noise) continue;
    const original = layer.call.bind(layer);
    layer.call = (inputs, kwargs) => {
      const { at } = current;
      if (!at) return original(inputs, kwargs);
      const [x] = Array.isArray(inputs) ? inputs : [inputs];
      return at.training ? noise(x as tf.Tensor, at) : (x as tf.Tensor);
    };
  }
}
