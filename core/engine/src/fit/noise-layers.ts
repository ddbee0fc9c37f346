// Layers that draw random numbers: while a step runs, they draw from the step's streams.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { EngineError } from '../errors.js';
import { gaussianNoise } from '../random-ops/index.js';
import type { StepContext } from '../types.js';

type Noise = (x: tf.Tensor, layer: tfl.layers.Layer, at: StepContext) => tf.Tensor;

function numberOf(layer: tfl.layers.Layer, name: string): number {
  return Number(Reflect.get(layer, name) ?? 0);
}

/** Shape of a mask: where the layer gives no length, that of `x`. */
function maskShape(x: tf.Tensor, layer: tfl.layers.Layer): number[] {
  const noise = Reflect.get(layer, 'noiseShape') as (number | null)[] | null | undefined;
  return x.shape.map((length, axis) => noise?.[axis] ?? length);
}

function dropped(x: tf.Tensor, shape: readonly number[], rate: number, at: StepContext): tf.Tensor {
  return tf.mul(x, tf.mul(at.random.keepMask(shape, rate), 1 / (1 - rate)));
}

/** Of SELU (Klambauer et al. 2017, section "Alpha dropout"): minus alpha times scale. */
const seluFloor = -1.6732632423543772 * 1.0507009873554805;

/** By class name; each as tf.layers computes it while training. */
const noises: Readonly<Record<string, Noise>> = {
  Dropout: (x, layer, at) => dropped(x, maskShape(x, layer), numberOf(layer, 'rate'), at),
  SpatialDropout1D: (x, layer, at) =>
    dropped(x, [x.shape[0] ?? 1, 1, x.shape[2] ?? 1], numberOf(layer, 'rate'), at),
  GaussianNoise: (x, layer, at) => gaussianNoise(x, numberOf(layer, 'stddev'), at),
  GaussianDropout: (x, layer, at) => {
    const rate = numberOf(layer, 'rate');
    return tf.mul(x, tf.add(tf.mul(at.random.normal(x.shape), Math.sqrt(rate / (1 - rate))), 1));
  },
  AlphaDropout: (x, layer, at) => {
    const rate = numberOf(layer, 'rate');
    const keep = at.random.keepMask(maskShape(x, layer), rate);
    const a = ((1 - rate) * (1 + rate * seluFloor ** 2)) ** -0.5;
    const masked = tf.add(tf.mul(x, keep), tf.mul(tf.sub(keep, 1), seluFloor));
    return tf.add(tf.mul(masked, a), -a * seluFloor * rate);
  },
};

/** Throws ENGINE_OPTION for layers that draw numbers, or keep values between batches, in a way that cannot be recorded. */
export function checkLayers(layers: readonly tfl.layers.Layer[]): void {
  for (const layer of layers) {
    const kind = layer.getClassName();
    const cell: unknown = Reflect.get(layer, 'cell');
    const drops =
      !(kind in noises) &&
      [layer, cell]
        .filter((owner): owner is object => typeof owner === 'object' && owner !== null)
        .some((owner) =>
          ['dropout', 'recurrentDropout'].some((name) => Number(Reflect.get(owner, name) ?? 0) > 0),
        );
    if (drops)
      throw new EngineError(
        'ENGINE_OPTION',
        `fit: the layer \`${layer.name}\` (${kind}) draws its own dropout masks, which cannot be recorded`,
        {
          hint: 'Make it without `dropout` and `recurrentDropout`, and put tf.layers.dropout before or after it.',
        },
      );
    if (kind === 'RandomWidth' || kind === 'RandomHeight')
      throw new EngineError(
        'ENGINE_OPTION',
        `fit: the layer \`${layer.name}\` (${kind}) draws random sizes, but a recorded step has fixed shapes`,
        { hint: 'Resize the images before training.' },
      );
    if (Reflect.get(layer, 'stateful') === true && layer.weights.length > 0)
      throw new EngineError(
        'ENGINE_OPTION',
        `fit: the layer \`${layer.name}\` (${kind}) is stateful: it keeps values between batches`,
        { hint: "Train on whole sequences with `stateful: false`, or use the engine's `scan`." },
      );
  }
}

/** Runs `body` with the layers that draw random numbers drawing from the step's streams. Does nothing when not training. */
export function withNoise<T>(layers: readonly tfl.layers.Layer[], at: StepContext, body: () => T): T {
  if (!at.training) return body();
  const changed: tfl.layers.Layer[] = [];
  try {
    for (const layer of layers) {
      const noise = noises[layer.getClassName()];
      if (!noise) continue;
      const rate = Reflect.get(layer, 'rate') as number | undefined;
      // As tf.layers: at rates of 0 and 1 these layers do nothing.
      if (rate !== undefined && !(rate > 0 && rate < 1)) continue;
      changed.push(layer);
      Reflect.set(layer, 'call', (inputs: tf.Tensor | tf.Tensor[]) =>
        noise(Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs, layer, at),
      );
    }
    return body();
  } finally {
    // The method belongs to the prototype.
    for (const layer of changed) Reflect.deleteProperty(layer, 'call');
  }
}
