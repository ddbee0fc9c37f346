// Gradients of functions of any two operands, of truth values, of several outputs.
import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, zerosOf } from './gradient.js';

/** Truth values and places do not move with their operands, so what is computed from them gets no gradient. */
export const stepwise = (...inputs: string[]): Gradient => ({
  inputsToSave: inputs,
  gradFunc: (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => zerosOf(saved[i] as tf.Tensor)])),
});

/** Sums over the axes along which a tensor of `shape` was broadcast. */
function reduceTo(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const lead = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((length, i) =>
    i < lead || (shape[i - lead] === 1 && length !== 1) ? [i] : [],
  );
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), [...shape]);
}

/** Gradients of TF.js that hold for operands of equal shapes, made to hold for others. */
export function broadcasting(registered: Gradient): Gradient {
  return {
    ...registered,
    gradFunc: (dy, saved, attributes) => {
      const gradients = registered.gradFunc(dy, saved, attributes);
      return Object.fromEntries(
        ['a', 'b'].map((name, i) => [
          name,
          () => reduceTo((gradients[name] as () => tf.Tensor)(), (saved[i] as tf.Tensor).shape),
        ]),
      );
    },
  };
}

/** TF.js hands over a list of gradients only when there are several. */
export function severalOutputs(registered: Gradient): Gradient {
  return {
    ...registered,
    gradFunc: (dy, saved, attributes) =>
      registered.gradFunc(Array.isArray(dy) ? dy : [dy], saved, attributes),
  };
}
