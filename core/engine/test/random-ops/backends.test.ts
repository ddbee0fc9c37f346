// Every random operation in a training step: the same numbers and gradients on each backend, other ones at each step.
import {
  createEngine,
  dropout,
  dropPath,
  featureMask,
  gaussianNoise,
  gumbelSoftmax,
  randomCrop,
  randomStream,
  type Engine,
  type HostTensor,
  type NamedVariable,
  type Optimizer,
  type StepContext,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { tensorflowEngine } from '../helpers/backends.js';
import { tensorsClose } from '../helpers/close.js';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
const tensorflow = await tensorflowEngine();
afterAll(async () => {
  for (const engine of [onnx, cpu, tensorflow]) await engine?.dispose();
});

/** Moves nothing, and keeps the gradient for all to see. */
const witness: Optimizer = {
  name: 'witness',
  slots: [{ name: 'gradient', shape: 'variable', fill: 0 }],
  update: (value, gradient) => ({ value: tf.add(value, 0), slots: { gradient } }),
};

type Operation = (x: tf.Tensor, at: StepContext) => tf.Tensor;

/** Outputs and gradients of three steps on `x`; the loss is the sum of the outputs, each times a number of its own. */
async function threeSteps(engine: Engine, operation: Operation, shape: number[], out: number[]) {
  const numbers = (name: string, of: number[]) =>
    tf.tensor(randomStream(3).child(name).normal(tf.util.sizeFromShape(of)), of);
  const variables: NamedVariable[] = [
    { name: 'x', variable: tf.variable(numbers('x', shape)) },
    { name: 'out', variable: tf.variable(tf.zeros(out)), trainable: false },
    { name: 'weights', variable: tf.variable(numbers('weights', out)), trainable: false },
  ];
  const [x, output, weights] = variables.map(({ variable }) => variable) as [
    tf.Variable,
    tf.Variable,
    tf.Variable,
  ];
  const session = await engine.training({
    variables,
    optimizer: witness,
    random: randomStream(17),
    loss: (_inputs, at) => {
      const made = operation(x, at);
      output.assign(made);
      return { loss: tf.sum<tf.Scalar>(tf.mul(made, weights)) };
    },
  });
  const steps = [];
  for (let i = 0; i < 3; i++) {
    await session.train({}, { rate: 1 });
    const { variables: now, slots } = await session.snapshot();
    steps.push({ output: now.out as HostTensor, gradient: slots['x/gradient'] as HostTensor });
  }
  await session.dispose();
  for (const { variable } of variables) variable.dispose();
  return steps;
}

const sequence = [3, 12, 5];
const cases: [string, Operation, number[], number[]][] = [
  ['dropout', (x, at) => dropout(x, 0.4, at), [6, 7], [6, 7]],
  ['gaussianNoise', (x, at) => gaussianNoise(x, 0.3, at), [6, 7], [6, 7]],
  ['dropPath', (x, at) => dropPath(x, 0.5, at), [8, 3, 2], [8, 3, 2]],
  ['gumbelSoftmax', (x, at) => gumbelSoftmax(x, 0.7, at), [6, 4], [6, 4]],
  ['gumbelSoftmax, hard', (x, at) => gumbelSoftmax(x, 0.7, at, { hard: true }), [6, 4], [6, 4]],
  [
    'featureMask',
    (x, at) =>
      featureMask(x as tf.Tensor3D, at, { featureMasks: 2, featureWidth: 2, timeMasks: 2, timeWidth: 5 }),
    sequence,
    sequence,
  ],
  [
    'featureMask within lengths',
    (x, at) =>
      featureMask(x as tf.Tensor3D, at, {
        timeMasks: 3,
        timeWidth: 9,
        timeShare: 0.5,
        lengths: tf.tensor1d([12, 7, 1], 'int32'),
      }),
    sequence,
    sequence,
  ],
  ['randomCrop', (x, at) => randomCrop(x as tf.Tensor3D, 4, at), sequence, [3, 4, 5]],
];

describe('random operations', () => {
  it.each(cases)('%s: the backends agree on outputs and gradients', async (_, operation, shape, out) => {
    const expected = await threeSteps(cpu, operation, shape, out);
    for (const engine of [onnx, ...(tensorflow ? [tensorflow] : [])]) {
      const got = await threeSteps(engine, operation, shape, out);
      got.forEach((step, i) =>
        tensorsClose(step, expected[i] as (typeof got)[number], { absolute: 1e-5, relative: 1e-5 }),
      );
      expect(await threeSteps(engine, operation, shape, out)).toEqual(got);
    }
    expect(expected[1]?.output).not.toEqual(expected[0]?.output);
    expect(expected[2]?.output).not.toEqual(expected[1]?.output);
  });
});
