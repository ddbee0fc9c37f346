// Students, losses and optimisers through the engine's ONNX graph, beside plain TF.js.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  createEngine,
  maxNorm,
  randomStream,
  sgd,
  type HostTensors,
  type Optimizer,
} from '@potstill/engine';
import {
  crossEntropy,
  logitMatching,
  optimizerComponents,
  softTargets,
  studentComponents,
  type DataDescription,
  type Student,
} from 'potstill';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describedData, makeComponent } from '../support/make-component.js';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'potstill-engine-'));
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        name: 'conv',
      }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.averagePooling2d({ poolSize: 2, name: 'pool' }),
      tf.layers.gaussianNoise({ stddev: 0.1, name: 'noise' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.alphaDropout({ rate: 0.2, name: 'alpha' }),
      tf.layers.dense({ units: 3, activation: 'softmax', name: 'head' }),
    ],
  });
  await writeFile(join(folder, 'model.json'), model.toJSON() as string);
});
afterAll(() => rm(folder, { recursive: true }));

const data: DataDescription = describedData;
const batch: HostTensors = {
  image: { dtype: 'float32', shape: [4, 8, 8], data: randomStream(1).normal(4 * 64) },
  teacher: { dtype: 'float32', shape: [4, 3], data: randomStream(2).normal(12) },
  label: { dtype: 'int32', shape: [4], data: Int32Array.of(0, 2, 1, 2) },
};

/** Losses of some updates, then the logits of the trained student, on one backend. */
async function train(
  backend: 'onnx' | 'cpu',
  kind: string,
  options: Record<string, unknown>,
  optimizer: Optimizer,
): Promise<{ losses: number[]; logits: number[] }> {
  const student = (await makeComponent(
    studentComponents,
    kind,
    options,
    { data },
    { recipeFolder: folder },
  )) as Student;
  const engine = await createEngine({ backend, threads: 1 });
  try {
    const session = await engine.training({
      variables: student.variables,
      optimizer,
      random: randomStream(3),
      loss(inputs, at) {
        const z = student.forward(inputs, at).logits as tf.Tensor2D;
        const v = inputs.teacher as tf.Tensor2D;
        const hard = crossEntropy(z, inputs.label as tf.Tensor1D, 0.1);
        const soft = softTargets(z, v, { temperature: 4 });
        const some = softTargets(z, v, { temperature: 2, classes: [0, 2] });
        const matched = logitMatching(z, v);
        return { loss: tf.addN([hard, soft, some, matched]).asScalar(), hard, soft, some, matched };
      },
    });
    const losses: number[] = [];
    for (let step = 0; step < 4; step++) {
      const { loss, terms } = await session.train(batch, { rate: 0.01 });
      losses.push(
        loss,
        ...Object.keys(terms)
          .sort()
          .map((name) => terms[name] as number),
      );
    }
    const outputs = await session
      .predictor((inputs, at) => student.forward(inputs, at))
      .run({
        image: batch.image as HostTensors[string],
      });
    return { losses, logits: Array.from(outputs.logits?.data ?? []) };
  } finally {
    await engine.dispose();
  }
}

async function expectAgreement(
  kind: string,
  options: Record<string, unknown>,
  optimizer: Optimizer,
): Promise<void> {
  const onnx = await train('onnx', kind, options, optimizer);
  const cpu = await train('cpu', kind, options, optimizer);
  expect(onnx.losses.length).toBe(20);
  for (const part of ['losses', 'logits'] as const) {
    expect(onnx[part].length).toBe(cpu[part].length);
    onnx[part].forEach((value, i) => {
      const expected = cpu[part][i] as number;
      expect(Math.abs(value - expected), `${part}[${i}]`).toBeLessThan(1e-4 * (1 + Math.abs(expected)));
    });
  }
}

describe('students in the engine', () => {
  it.each<[string, Record<string, unknown>]>([
    ['mlp', { hidden: [6, 5], dropout: 0.5, inputDropout: 0.2 }],
    ...['leaky-relu', 'elu', 'gelu', 'silu', 'sigmoid', 'tanh', 'linear'].map(
      (activation): [string, Record<string, unknown>] => ['mlp', { hidden: [6], activation }],
    ),
    ['cnn', { arch: 'vgg', width: 2, dropout: 0.2 }],
    ['cnn', { arch: 'vgg', width: 2, norm: 'none' }],
    ['cnn', { arch: 'resnet8', width: 2 }],
    ['cnn', { arch: 'resnet14', width: 3, norm: 'none' }],
    ['cnn', { arch: 'mobilenetv2', width: 2 }],
    ['layers', { model: 'model.json' }],
  ])('%s %j trains as on plain TF.js', async (kind, options) => {
    await expectAgreement(kind, options, sgd({ momentum: 0.9, nesterov: true }));
  });
});

describe('optimisers in the engine', () => {
  it.each<[string, Record<string, unknown>]>([
    ['sgd', { momentum: 0.9, dampening: 0.5, weightDecay: 0.01 }],
    ['adam', { weightDecay: 0.01 }],
    ['adamw', {}],
  ])('%s %j updates as on plain TF.js', async (name, options) => {
    const optimizer = (await makeComponent(optimizerComponents, name, options, {})) as Optimizer;
    await expectAgreement('mlp', { hidden: [6] }, optimizer);
  });

  it('limits act as on plain TF.js', async () => {
    const limited = clipByValue(clipByNorm(clipByGlobalNorm(maxNorm(sgd(), 0.5), 0.1), 0.2), 0.1);
    await expectAgreement('mlp', { hidden: [6] }, limited);
  });
});
