// A tiny classification task with a tiny student and teacher: what tests of training are made of.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, randomStream, sgd, type RandomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { pino } from 'pino';
import type {
  Batch,
  HostTensors,
  IndexedDataset,
  Loss,
  NamedVariable,
  RunEvent,
  Student,
  Teacher,
} from 'potstill';
import { memoryDataset } from '../../src/data/index.js';
import { memoryTeacherStore } from '../../src/store/index.js';
import { trainingSource, type TrainingSource } from '../../src/train/source.js';
import { train, type Training } from '../../src/train/trainer.js';

export const features = 6;
export const classes = 3;

/** Points around one centre a class; the same for the same arguments. */
export function tinyData(size: number, random: RandomStream = randomStream(5)): IndexedDataset {
  const noise = random.child('noise').normal(size * features);
  const label = Int32Array.from({ length: size }, (_, i) => random.child('label').integer(classes, i));
  const x = noise.map((value, i) => 0.7 * value + (i % features === label[Math.floor(i / features)] ? 2 : 0));
  return memoryDataset({
    description: { inputs: ['x'], target: 'label', labels: ['a', 'b', 'c'] },
    columns: {
      x: { dtype: 'float32', shape: [size, features], data: x },
      label: { dtype: 'int32', shape: [size], data: label },
    },
  });
}

/** features - hidden - classes with dropout, and a statistic that the forward pass assigns, as batch norm would. */
export function tinyStudent(random: RandomStream, hidden = 8, rate = 0.2): Student {
  const make = (name: string, shape: [number, number] | [number]): NamedVariable => ({
    name,
    variable: tf.tidy(() =>
      tf.variable(
        shape.length === 1
          ? tf.zeros(shape)
          : tf.tensor(random.child(name).normal(shape[0] * shape[1]), shape).mul(Math.sqrt(2 / shape[0])),
      ),
    ),
  });
  const w1 = make('hidden/kernel', [features, hidden]);
  const b1 = make('hidden/bias', [hidden]);
  const w2 = make('logits/kernel', [hidden, classes]);
  const b2 = make('logits/bias', [classes]);
  const seen: NamedVariable = { ...make('mean', [features]), trainable: false };
  return {
    outputs: {
      logits: { dtype: 'float32', shape: [classes] },
      hidden: { dtype: 'float32', shape: [hidden] },
    },
    variables: [w1, b1, w2, b2, seen],
    forward(inputs, at) {
      const x = inputs.x as tf.Tensor2D;
      if (at.training) seen.variable.assign(seen.variable.mul(0.9).add(x.mean(0).mul(0.1)));
      const hiddenValues = tf.relu(tf.matMul(x, w1.variable as tf.Tensor2D).add(b1.variable));
      const kept =
        at.training && rate > 0
          ? hiddenValues.mul(at.random.keepMask(hiddenValues.shape, rate)).div(1 - rate)
          : hiddenValues;
      return {
        hidden: hiddenValues,
        logits: tf.matMul(kept as tf.Tensor2D, w2.variable as tf.Tensor2D).add(b2.variable),
      };
    },
  };
}

/** Scores by the features themselves: right most of the time. */
export function tinyTeacher(onLabel: (batch: Batch) => void = () => undefined): Teacher {
  return {
    outputs: { logits: { dtype: 'float32', shape: [classes] } },
    fingerprint: 'tiny-teacher',
    labels: ['a', 'b', 'c'],
    parameters: 1000,
    label(batch) {
      onLabel(batch);
      const x = batch.tensors.x as HostTensors[string];
      const data = new Float32Array(batch.size * classes);
      for (let row = 0; row < batch.size; row++)
        for (let c = 0; c < classes; c++)
          data[row * classes + c] = 2 * (x.data[row * features + c] as number);
      return Promise.resolve({ logits: { dtype: 'float32', shape: [batch.size, classes], data } });
    },
    dispose: () => Promise.resolve(),
  };
}

export const hard: Loss = {
  needs: { student: ['logits'], teacher: [], batch: ['label'] },
  compute: ({ student, batch }) =>
    tf.neg(
      tf.mean(
        tf.sum(
          tf.mul(
            tf.oneHot(batch.label as tf.Tensor1D, classes),
            tf.logSoftmax(student.logits as tf.Tensor2D),
          ),
          -1,
        ),
      ),
    ),
};

/** With a variable of its own: a scale of the teacher's scores. */
export function soft(): Loss {
  const scale: NamedVariable = { name: 'scale', variable: tf.tidy(() => tf.variable(tf.ones([1]))) };
  return {
    needs: { student: ['logits'], teacher: ['logits'], batch: [] },
    variables: [scale],
    compute: ({ student, teacher, progress }) =>
      tf
        .mean(
          tf.squaredDifference(
            student.logits as tf.Tensor,
            tf.mul(teacher.logits as tf.Tensor, scale.variable),
          ),
        )
        .mul<tf.Scalar>(tf.sub(2, progress.fraction)),
  };
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'potstill-train-'));
}

export interface TinyRun {
  readonly folder: string;
  readonly seed?: number;
  readonly events?: RunEvent[];
  readonly threads?: number;
}

/** Trains the tiny student; a change to any part of the training may be given. */
export async function trainTiny(
  { folder, seed = 1, events = [] }: TinyRun,
  change: Partial<Training> & { readonly size?: number; readonly batch?: number } = {},
) {
  const engine = await createEngine({ threads: 1 });
  const random = randomStream(seed);
  const { size = 70, batch = 16, ...rest } = change;
  try {
    const training: Training = {
      stage: 'student',
      folder,
      identity: `tiny ${seed}`,
      student: tinyStudent(random.child('student')),
      inputs: ['x'],
      losses: [
        { name: 'hard', loss: hard, weight: 0.5 },
        { name: 'soft', loss: soft(), weight: ({ step }) => 0.1 + 0.01 * step },
      ],
      optimizer: sgd({ momentum: 0.9 }),
      rate: ({ step, steps }) => 0.05 * (1 - step / steps),
      source: tinySource(size, batch, random),
      epochs: 3,
      random,
      select: { by: 'last' },
      services: {
        engine,
        progress: { emit: (event) => events.push(event) },
        logger: pino({ enabled: false }),
        clock: { now: () => Date.now() },
      },
      resume: false,
      ...rest,
    };
    return await train(training);
  } finally {
    await engine.dispose();
  }
}

export function tinySource(size: number, batch: number, random: RandomStream): TrainingSource {
  return trainingSource({
    data: { dataset: tinyData(size), transforms: [], name: 'train' },
    size,
    batch,
    random,
    teacher: tinyTeacher(),
    store: memoryTeacherStore(),
  });
}
