// Random tensors of a step: inputs of the graph while recording, drawn on the spot on eager backends.
import * as tf from '@tensorflow/tfjs';
import { EngineError } from '../errors.js';
import { sizeOf } from '../graph/builder.js';
import type { RandomStream } from '../random/stream.js';
import type { StepRandom } from '../types.js';

/** One call of a step's `random`; the i-th call of step n draws from `random.at(n).child('r<i>')`. */
export interface RandomDraw {
  readonly input: string;
  readonly kind: 'keepMask' | 'uniform' | 'normal';
  readonly shape: readonly number[];
  readonly rate: number;
}

/** The numbers of one draw at one step. `stream` is the step's. */
export function draw(stream: RandomStream, { input, kind, shape, rate }: RandomDraw): Float32Array {
  const own = stream.child(input);
  const count = sizeOf(shape);
  if (kind === 'keepMask') return own.keepMask(count, rate);
  return kind === 'uniform' ? own.uniform(count) : own.normal(count);
}

/** A StepRandom that tells each call, numbered from 0, to `take`. */
export function numberedRandom(take: (draw: RandomDraw) => tf.Tensor): StepRandom {
  let calls = 0;
  const next = (kind: RandomDraw['kind'], shape: readonly number[], rate = 0): tf.Tensor => {
    if (!(rate >= 0 && rate < 1))
      throw new EngineError('ENGINE_SHAPE', `keepMask: the rate is ${rate}; it lies in 0 <= rate < 1`);
    return take({ input: `r${calls++}`, kind, shape: [...shape], rate });
  };
  return {
    keepMask: (shape, rate) => next('keepMask', shape, rate),
    uniform: (shape) => next('uniform', shape),
    normal: (shape) => next('normal', shape),
  };
}

/** Draws at once, for eager backends. `stream` is the step's. */
export function eagerRandom(stream: RandomStream): StepRandom {
  return numberedRandom((at) => tf.tensor(draw(stream, at), [...at.shape], 'float32'));
}

/** What a forward pass without training has: nothing to draw from. */
export const noRandom: StepRandom = numberedRandom(() => {
  throw new EngineError(
    'ENGINE_BAKED_RANDOM',
    'a forward pass outside training asks for random numbers, and has none to draw from',
    { hint: 'Look at `training` of the step context before drawing.' },
  );
});
