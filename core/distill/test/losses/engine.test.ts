// Losses on logits as the engine computes them: the golden values once more, from a recorded graph. The gradient is what one step
// of gradient descent takes off.
import { existsSync } from 'node:fs';
import { createEngine, randomStream, sgd, type Engine, type HostTensors } from '@potstill/engine';
import { lossComponents, type AnyComponent } from 'potstill';
import {
  goldenCases,
  makeComponent,
  tinyDataset,
  tinyStudent,
  tinyTeacher,
  type GoldenCase,
} from 'potstill/testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const fileOf = (name: string) => new URL(`../../../../test/golden/methods/${name}.json`, import.meta.url);

type Tensors = GoldenCase['student'];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'onnx' });
});
afterAll(() => engine.dispose());

const tensorOf = ({ data, shape, dtype }: Tensors[string]) => tf.tensor(data, shape, dtype);

const specs = (tensors: Tensors) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape: shape.slice(1) }]),
  );

/** Inputs of a step, each name with where it belongs. */
function inputsOf({ teacher, batch }: GoldenCase): HostTensors {
  const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  const all = { teacher, batch, step: { one: { dtype: 'float32' as const, shape: [1], data: [1] } } };
  return Object.fromEntries(
    Object.entries(all).flatMap(([from, tensors]) =>
      Object.entries(tensors as Tensors).map(([name, { dtype, shape, data }]) => [
        `${from}.${name}`,
        { dtype, shape, data: arrays[dtype].from(data as number[]) },
      ]),
    ),
  ) as HostTensors;
}

const only = (from: string, tensors: Readonly<Record<string, tf.Tensor>>) =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, each]) =>
      name.startsWith(`${from}.`) ? [[name.slice(from.length + 1), each]] : [],
    ),
  );

async function check(component: AnyComponent, one: GoldenCase): Promise<void> {
  const loss = await makeComponent(
    'loss',
    component,
    {
      data: tinyDataset(),
      student: { ...tinyStudent(), outputs: specs(one.student) },
      teacher: { ...tinyTeacher(), outputs: specs(one.teacher) },
    },
    { options: one.options },
  );
  const outputs = Object.entries(one.student).map(([name, each]) => ({
    name,
    variable: tf.variable(tensorOf(each)),
  }));
  for (const { name, variable } of loss.variables ?? []) {
    const value = one.variables[name];
    if (value) variable.assign(tensorOf(value));
  }
  const { step = 0, epoch = 0, fraction = 0 } = one.progress;
  const session = await engine.training({
    variables: [...outputs, ...(loss.variables ?? [])],
    optimizer: sgd(),
    random: randomStream(1),
    loss: (given, at) => ({
      loss: loss.compute({
        student: Object.fromEntries(outputs.map(({ name, variable }) => [name, variable])),
        teacher: only('teacher', given),
        batch: only('batch', given),
        progress: { step: tf.scalar(step), epoch: tf.scalar(epoch), fraction: tf.scalar(fraction) },
        at,
      }),
    }),
  });
  const { loss: value } = await session.train(inputsOf(one), { rate: 1 });
  expect(Math.abs(value - one.value), `${one.name}: value`).toBeLessThan(1e-5 * (1 + Math.abs(one.value)));
  await session.sync();
  const before = { ...one.student, ...one.variables };
  const gradients = { ...one.gradients.student, ...one.gradients.variables };
  for (const { name, variable } of [...outputs, ...(loss.variables ?? [])]) {
    const after = variable.dataSync();
    gradients[name]?.data.forEach((each, i) => {
      const gradient = (before[name]?.data[i] as number) - (after[i] as number);
      const expected = each as number;
      expect(Math.abs(gradient - expected), `${one.name}: gradient ${i} in ${name}`).toBeLessThan(
        1e-5 * (1 + Math.abs(expected)),
      );
    });
  }
  for (const { variable } of outputs) variable.dispose();
}

const onLogits = lossComponents.filter(
  ({ name, method }) =>
    (method?.family === 'logits' || method?.family === 'labels') && existsSync(fileOf(name)),
);

describe('losses on logits, recorded', () => {
  it.each(onLogits.map((each) => [each.name, each] as const))('%s', async (name, component) => {
    for (const one of goldenCases(fileOf(name))) await check(component, one);
  });
});
