// A step context for tests that run a student or a loss by plain TF.js: streams in order of the calls, as the engine
// gives them.
import { randomStream, type StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';

export interface Drawn {
  readonly kind: 'keepMask' | 'uniform' | 'normal';
  readonly shape: readonly number[];
  readonly rate?: number;
}

/** `drawn` collects what is asked for. */
export function stepContext(training: boolean, drawn: Drawn[] = [], seed = 1): StepContext {
  const next = (call: Drawn) => {
    const size = call.shape.reduce((product, length) => product * length, 1);
    const stream = randomStream(seed).at(drawn.length);
    drawn.push(call);
    return { size, stream };
  };
  const tensor = (values: Float32Array, shape: readonly number[]) => tf.tensor(values, [...shape]);
  return {
    training,
    random: {
      keepMask(shape, rate) {
        const { size, stream } = next({ kind: 'keepMask', shape, rate });
        return tensor(stream.keepMask(size, rate), shape);
      },
      uniform(shape) {
        const { size, stream } = next({ kind: 'uniform', shape });
        return tensor(stream.uniform(size), shape);
      },
      normal(shape) {
        const { size, stream } = next({ kind: 'normal', shape });
        return tensor(stream.normal(size), shape);
      },
    },
  };
}
