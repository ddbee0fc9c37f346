// The head of self-supervision: two layers on the features of a model, of their own width (Xu et al. 2020, section 3.1).
import type { StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors, TensorSpecs } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { VariableSet } from '../../students/variables.js';
import { pick } from '../parts/check.js';
import { linear, relu, sequence } from '../parts/connector.js';
import { shapeOf } from '../parts/layer-shape.js';

/**
 * A model's outputs to [batch, width], where `width` is how many numbers its features have. Variables `<whose>.first.*`, `<whose>.second.*`.
 * @throws PotstillError LOSS_INVALID where the features are not there or their size varies.
 */
export function headOf(
  loss: string,
  whose: 'student' | 'teacher',
  outputs: TensorSpecs,
  output: string,
  variables: VariableSet,
): (outputs: NamedTensors, at: StepContext) => tf.Tensor2D {
  const shape = outputs[output]?.shape;
  if (!shape || shape.includes(null))
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: shape
        ? `${loss}: the ${whose}'s \`${output}\` has shape ${shapeOf({ name: output, shape })}, and its size must be known`
        : `${loss}: the ${whose} has no output \`${output}\``,
      hint: `Name its features with the option \`${whose === 'student' ? 'features' : 'teacherFeatures'}\`; it has ${Object.keys(outputs).join(', ') || 'nothing'}.`,
    });
  const width = (shape as number[]).reduce((product, each) => product * each, 1);
  const head = sequence(
    linear(variables, `${whose}.first`, width, width),
    relu,
    linear(variables, `${whose}.second`, width, width),
  );
  return (given, at) => {
    const features = pick(loss, whose, given, output);
    return head(tf.reshape(features, [features.size / width, width]), at) as tf.Tensor2D;
  };
}
