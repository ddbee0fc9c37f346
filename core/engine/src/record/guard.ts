// Catches random numbers drawn on the host while a step is recorded.
import { functionsOnStack } from './location.js';
import type { Tape } from './tape.js';

/** TF.js functions that draw on the host. Its bundles write an operation's name with a trailing underscore. */
const draws = new Set([
  'rand_',
  'randomGamma_',
  'randomNormal_',
  'randomStandardNormal_',
  'randomUniform_',
  'randomUniformInt_',
  'truncatedNormal_',
  'multinomial_',
  'dropout_',
]);

/** The outermost drawing function of TF.js on the stack, as users call it. */
export function drawOnStack(): string | undefined {
  return functionsOnStack()
    .findLast((name) => draws.has(name))
    ?.slice(0, -1);
}

/** Runs `body` with Math.random refusing. */
export function guardRandom<T>(tape: Tape, body: () => T): T {
  const { random } = Math;
  Math.random = () => {
    const draw = drawOnStack();
    return tape.refuse(
      'ENGINE_BAKED_RANDOM',
      draw === undefined
        ? 'Math.random is called while the step is recorded; every step would see the same number'
        : `tf.${draw} draws its numbers while the step is recorded; every step would see the same ones`,
      "Use `random` of the step context, or the engine's `dropout`.",
    );
  };
  try {
    return body();
  } finally {
    Math.random = random;
  }
}
