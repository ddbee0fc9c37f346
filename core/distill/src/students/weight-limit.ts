// Refuses weights that no file could hold, before memory is taken for them: a mistyped size would kill the process.
import * as tfl from '@tensorflow/tfjs-layers';
import { bytes } from '../text/quantities.js';
import { refuse } from './shape.js';

/** Bytes of all weights of a model: an ONNX file, which is one protobuf message, holds no more. */
const most = 2 ** 31 - 1;

/** Counts the weights of one model. */
export class WeightLimit {
  private total = 0;

  /** `what` names the weight: ``layers: the weight `kernel` of layer `d` ``. float32. Throws STUDENT_INVALID. */
  add(what: string, shape: readonly number[]): void {
    const size = shape.reduce((product, length) => product * length, 4);
    this.total += size;
    if (this.total <= most) return;
    const before = this.total - size;
    refuse(
      `${what} has shape [${shape}]: ${bytes(size)}${before > 0 ? `, after ${bytes(before)} of other weights` : ''}`,
      `A model's weights take at most ${bytes(most)} together. Check the sizes of its layers.`,
    );
  }
}

/**
 * Calls `build`, within which tf.layers makes the weights of one model, and stops before those that are too large. What
 * `build` does later, in promises, is not watched.
 */
export function withinLimit<T>(build: () => T): T {
  const limit = new WeightLimit();
  const { prototype } = tfl.layers.Layer;
  const own = Object.getOwnPropertyDescriptor(prototype, 'addWeight') as PropertyDescriptor;
  const addWeight = own.value as (...given: unknown[]) => unknown;
  const counted = function (this: tfl.layers.Layer, name: string, shape: number[], ...rest: unknown[]) {
    limit.add(`layers: the weight \`${name}\` of layer \`${this.name}\``, shape);
    return addWeight.call(this, name, shape, ...rest);
  };
  Object.defineProperty(prototype, 'addWeight', { ...own, value: counted });
  try {
    return build();
  } finally {
    Object.defineProperty(prototype, 'addWeight', own);
  }
}
