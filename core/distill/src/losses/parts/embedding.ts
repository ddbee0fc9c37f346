// A layer as one vector, mapped linearly to a space of its own and brought to length 1.
import type { StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorSpecs } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { VariableSet } from '../../students/variables.js';
import { shapeOf } from './layer-shape.js';
import { linear } from './connector.js';
import { unit } from './relation-matrix.js';

export interface EmbeddingRequest {
  readonly variables: VariableSet;
  readonly side: 'student' | 'teacher';
  readonly outputs: TensorSpecs;
  readonly output: string;
  /** Numbers of the embedding. */
  readonly size: number;
}

/**
 * [batch, ...] to [batch, size], rows of length 1. Variables: `<side>.kernel`, `<side>.bias`.
 * @throws PotstillError LOSS_INVALID where the output is not there or its size varies.
 */
export function embedding(
  loss: string,
  { variables, side, outputs, output, size }: EmbeddingRequest,
): (x: tf.Tensor, at: StepContext) => tf.Tensor2D {
  const spec = outputs[output];
  if (spec === undefined)
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${loss}: the ${side} has no output \`${output}\``,
      hint: `The ${side} offers: ${Object.keys(outputs).join(', ') || 'nothing'}.`,
    });
  if (spec.shape.includes(null))
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${loss}: the ${side}'s \`${output}\` has shape ${shapeOf({ name: output, shape: spec.shape })}, and this loss does not know padding`,
      hint: 'Name an output of a fixed shape.',
    });
  const width = (spec.shape as number[]).reduce((product, each) => product * each, 1);
  const map = linear(variables, side, width, size);
  return (x, at) => unit(map(tf.reshape(x, [x.size / width, width]), at) as tf.Tensor2D);
}
