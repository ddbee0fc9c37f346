// A tiny classification task with a teacher and a student, for tests that need data or a model and do not care which.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type {
  Batch,
  HostTensors,
  IndexedDataset,
  NamedVariable,
  Student,
  Teacher,
} from '../contracts/index.js';
import { memoryDataset } from '../data/index.js';

const classNames = ['a', 'b', 'c'];
const classes = classNames.length;
const features = 6;

/**
 * Points around one centre a class, the same for the same arguments: `x` float32 [6], `label` int32 (classes a, b, c).
 * Default: 60 examples, seed 1.
 */
export function tinyDataset({ size = 60, seed = 1 } = {}): IndexedDataset {
  const random = randomStream(seed);
  const label = Int32Array.from({ length: size }, (_, i) => random.child('label').integer(classes, i));
  const x = random
    .child('noise')
    .normal(size * features)
    .map((value, i) => 0.7 * value + (i % features === label[Math.floor(i / features)] ? 2 : 0));
  return memoryDataset({
    description: { inputs: ['x'], target: 'label', labels: classNames },
    columns: {
      x: { dtype: 'float32', shape: [size, features], data: x },
      label: { dtype: 'int32', shape: [size], data: label },
    },
  });
}

/** A teacher of {@link tinyDataset} whose scores are the features themselves: right most of the time, nothing random. */
export function tinyTeacher(): Teacher {
  return {
    outputs: { logits: { dtype: 'float32', shape: [classes] } },
    fingerprint: 'potstill/testing tinyTeacher',
    labels: classNames,
    label: (batch) => Promise.resolve(scores(batch)),
    dispose: () => Promise.resolve(),
  };
}

function scores({ size, tensors }: Batch): HostTensors {
  const x = tensors.x?.data ?? [];
  const data = Float32Array.from({ length: size * classes }, (_, i) => {
    const row = Math.floor(i / classes);
    return 2 * (x[row * features + (i % classes)] as number);
  });
  return { logits: { dtype: 'float32', shape: [size, classes], data } };
}

/** A student of {@link tinyDataset}: 6 - 8 - 3 with ReLU. Its outputs are `logits` [3] and `hidden` [8]. */
export function tinyStudent({ seed = 1 } = {}): Student {
  const hidden = 8;
  const make = (name: string, shape: [number, number] | [number]): NamedVariable => {
    const values = randomStream(seed)
      .child(name)
      .normal(shape.reduce((size, length) => size * length, 1));
    const scale = shape.length === 1 ? 0 : Math.sqrt(2 / shape[0]);
    return {
      name,
      variable: tf.tidy(() =>
        tf.variable(
          tf.tensor(
            values.map((each) => each * scale),
            shape,
          ),
        ),
      ),
    };
  };
  const w1 = make('hidden/kernel', [features, hidden]);
  const b1 = make('hidden/bias', [hidden]);
  const w2 = make('logits/kernel', [hidden, classes]);
  const b2 = make('logits/bias', [classes]);
  return {
    outputs: {
      logits: { dtype: 'float32', shape: [classes] },
      hidden: { dtype: 'float32', shape: [hidden] },
    },
    variables: [w1, b1, w2, b2],
    forward(inputs) {
      const dense = (x: tf.Tensor, w: NamedVariable, b: NamedVariable) =>
        tf.add(tf.matMul(x as tf.Tensor2D, w.variable as tf.Tensor as tf.Tensor2D), b.variable);
      const values = tf.relu(dense(inputs.x as tf.Tensor, w1, b1));
      return { hidden: values, logits: dense(values, w2, b2) };
    },
  };
}
