// The onnx backend against the cpu backend: whole steps, several updates.
import { afterAll, describe, expect, it } from 'vitest';
import {
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  createEngine,
  type HostTensors,
  lamb,
  lion,
  type Optimizer,
  rmsprop,
  sgd,
  type TrainingDefinition,
} from '@potstill/engine';
import { tensorsClose } from '../helpers/close.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
afterAll(async () => {
  await onnx.dispose();
  await cpu.dispose();
});

async function tenUpdates(definition: TrainingDefinition, batches: readonly HostTensors[]): Promise<void> {
  const fast = await onnx.training(definition);
  const reference = await cpu.training(definition);
  for (let i = 0; i < 10; i++) {
    const batch = batches[i % batches.length] as HostTensors;
    const rate = 0.02 / (1 + i);
    const got = await fast.train(batch, { rate });
    const expected = await reference.train(batch, { rate });
    expect(got.loss).toBeCloseTo(expected.loss, 4);
    expect(Object.keys(got.terms)).toEqual(Object.keys(expected.terms));
  }
  const got = await fast.snapshot();
  const expected = await reference.snapshot();
  expect(got.step).toBe(10);
  tensorsClose(got.variables, expected.variables, { absolute: 2e-4, relative: 1e-3 });
  tensorsClose(got.slots, expected.slots, { absolute: 2e-4, relative: 1e-3 });
}

const optimizers: [string, () => Optimizer][] = [
  ['plain SGD', () => sgd()],
  ['momentum', () => sgd({ momentum: 0.9 })],
  ['Nesterov momentum and weight decay', () => sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.01 })],
  ['AMSGrad', () => adam({ amsgrad: true })],
  ['centred RMSprop with momentum', () => rmsprop({ centered: true, momentum: 0.5 })],
  ['Adagrad', () => adagrad({ initial: 0.1, rateDecay: 0.1 })],
  ['LAMB', () => lamb()],
  ['Lion', () => lion({ weightDecay: 0.1 })],
  ['AdamW under clipping', () => clipByGlobalNorm(adamw(), 0.5)],
];

describe('onnx and cpu backends', () => {
  it.each(optimizers)('agree on ten updates of an MLP with %s', async (_, optimizer) => {
    const model = mlp([6, 8, 3], optimizer());
    await tenUpdates(model.definition, [mlpBatch(8, undefined, 0), mlpBatch(8, undefined, 1), mlpBatch(3)]);
    model.dispose();
  });

  it('agree on ten updates of a CNN with batch norm and dropout', async () => {
    const model = cnn();
    await tenUpdates(model.definition, [cnnBatch(4, 0), cnnBatch(4, 1), cnnBatch(1)]);
    model.dispose();
  });
});
