// The same training steps on the onnx and the cpu backend.
import * as tf from '@tensorflow/tfjs';
import {
  createEngine,
  type HostTensor,
  type HostTensors,
  type NamedTensors,
  type NamedVariable,
  randomStream,
  sgd,
  type TrainingDefinition,
} from '@potstill/engine';
import { expect } from 'vitest';
import { tensorsClose } from './close.js';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });

/** Numbers of a shape that depend on `name` alone, about `scale` in size. */
export function numbers(name: string, shape: readonly number[], scale = 1): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = randomStream(17).child(name).normal(size);
  return { dtype: 'float32', shape, data: data.map((x) => x * scale) };
}

export function variableOf(name: string, shape: readonly number[], scale = 0.5): NamedVariable {
  const { data } = numbers(name, shape, scale);
  return { name, variable: tf.tidy(() => tf.variable(tf.tensor(data, [...shape]))) };
}

/** Some number that every element of every tensor has a part in. */
export function lossOf(tensors: NamedTensors): tf.Scalar {
  const terms = Object.entries(tensors).map(([name, tensor]) => {
    const weights = tf.tensor(numbers(`loss ${name}`, [tensor.shape.at(-1) ?? 1]).data);
    return tf.sum(tf.mul(tf.square(tensor), weights));
  });
  return tf.addN(terms).asScalar();
}

/** Fails unless loss, weights and momentum (the first step's: the gradients) agree after each of `steps` updates. */
export async function expectAgreement(
  variables: readonly NamedVariable[],
  loss: TrainingDefinition['loss'],
  inputs: HostTensors,
  { steps = 3, rate = 0.01, absolute = 2e-5, relative = 2e-4 } = {},
): Promise<void> {
  const definition: TrainingDefinition = {
    variables,
    loss,
    optimizer: sgd({ momentum: 0.9 }),
    random: randomStream(5),
  };
  const fast = await onnx.training(definition);
  const reference = await cpu.training(definition);
  try {
    for (let i = 0; i < steps; i++) {
      const got = await fast.train(inputs, { rate });
      const expected = await reference.train(inputs, { rate });
      const slack = absolute + relative * Math.abs(expected.loss);
      expect(Math.abs(got.loss - expected.loss), `loss ${got.loss} and ${expected.loss}`).toBeLessThan(slack);
      const [a, b] = [await fast.snapshot(), await reference.snapshot()];
      tensorsClose(a.variables, b.variables, { absolute, relative });
      tensorsClose(a.slots, b.slots, { absolute: absolute * 5, relative: relative * 5 });
    }
  } finally {
    await fast.dispose();
    await reference.dispose();
    for (const { variable } of variables) variable.dispose();
  }
}
