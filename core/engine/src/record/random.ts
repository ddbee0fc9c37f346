// Random tensors of a step: inputs of the graph while recording, drawn on the spot on eager backends.
import * as tf from '@tensorflow/tfjs-core';
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

type Draws = (draw: () => tf.Tensor) => tf.Tensor;

/** Wraps a step's random streams for its callers. */
let draws: Draws | undefined;

function withDraws<T>(other: Draws, body: () => T): T {
  const before = draws;
  draws = other;
  try {
    return body();
  } finally {
    draws = before;
  }
}

/** Runs `body`; `drawn` gets every random tensor that it draws. */
export function collectDraws<T>(drawn: tf.Tensor[], body: () => T): T {
  const outer = draws;
  return withDraws((draw) => {
    const tensor = outer ? outer(draw) : draw();
    // Out of the tidy that `body` runs in.
    drawn.push(tf.keep(tf.clone(tensor)));
    return tensor;
  }, body);
}

const replayed = new WeakSet<tf.Tensor>();

/** Whether a tensor is there to be drawn again. */
export function isReplayed(tensor: tf.Tensor): boolean {
  return replayed.has(tensor);
}

/** Runs `body`, which draws again what it drew before. */
export function replayDraws<T>(drawn: readonly tf.Tensor[], body: () => T): T {
  let next = 0;
  for (const tensor of drawn) replayed.add(tensor);
  return withDraws(() => {
    const tensor = drawn[next++];
    if (!tensor) throw new Error('internal: a function draws more the second time');
    return tf.clone(tensor);
  }, body);
}

/** A StepRandom that reports each call, numbered from 0, to `take`. */
export function numberedRandom(take: (draw: RandomDraw) => tf.Tensor): StepRandom {
  let calls = 0;
  const next = (kind: RandomDraw['kind'], shape: readonly number[], rate = 0): tf.Tensor => {
    if (!(rate >= 0 && rate < 1))
      throw new EngineError('ENGINE_SHAPE', `keepMask: the rate is ${rate}; expected 0 <= rate < 1`);
    const draw = () => take({ input: `r${calls++}`, kind, shape: [...shape], rate });
    return draws ? draws(draw) : draw();
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
    'a forward pass outside training requested random numbers; there are none',
    { hint: 'Check `training` of the step context before drawing.' },
  );
});
