// A student and a teacher with outputs of every form that a method may read, for tests that train with each method.
import { randomStream } from '@potstill/engine';
import {
  definePlugin,
  student,
  teacher,
  type HostTensors,
  type NamedVariable,
  type Plugin,
  type TensorSpecs,
} from 'potstill';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

const classes = 3;
const length = 5;
const size = z.enum(['small', 'large']).default('small').describe('Widths of its layers.');
type Size = z.output<typeof size>;

/** Shapes of one example, by output. The names are those of `cnn` where it has such an output. */
export function outputsOf(width: Size): Record<string, { dtype: 'float32'; shape: number[] }> {
  const k = width === 'small' ? 1 : 2;
  const shapes: Record<string, number[]> = {
    logits: [classes],
    features: [8 * k],
    'stage.1': [4, 4, 4 * k],
    'stage.2': [4, 4, 6 * k],
    'stage.3': [2, 2, 8 * k],
    'states.0': [length, 8 * k],
    'states.1': [length, 8 * k],
    'states.2': [length, 8 * k],
    'attention.0': [2 * k, length, length],
    'attention.1': [2 * k, length, length],
    'queries.0': [length, 8 * k],
    'keys.0': [length, 8 * k],
    'values.0': [length, 8 * k],
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'float32' as const, shape }]),
  );
}

const features = 6;
const count = (shape: readonly number[]) => shape.reduce((product, each) => product * each, 1);
const probabilities = (name: string) => name.startsWith('attention');

/** Each output is a linear map of the input, bent: every one depends on variables, which is all that such tests need. */
const methodStudent = student('methods/student', {
  help: 'Outputs of every form.',
  options: z.strictObject({ size }),
  create(options) {
    const outputs: TensorSpecs = outputsOf(options.size);
    const variables = Object.entries(outputs).map(([name, { shape }]): NamedVariable => {
      const width = count(shape as number[]);
      const values = randomStream(3)
        .child(name)
        .normal(features * width);
      return { name: `${name}/kernel`, variable: tf.variable(tf.tensor2d(values, [features, width])) };
    });
    return {
      outputs,
      variables,
      forward({ x }) {
        return Object.fromEntries(
          Object.entries(outputs).map(([name, { shape }], i) => {
            const kernel = variables[i]?.variable as tf.Tensor as tf.Tensor2D;
            const batch = x?.shape[0] as number;
            const flat = tf.mul(tf.matMul(x as tf.Tensor2D, kernel), 0.4);
            const shaped = tf.reshape(flat, [batch, ...(shape as number[])]);
            return [
              name,
              probabilities(name) ? tf.softmax(shaped) : name === 'logits' ? shaped : tf.tanh(shaped),
            ];
          }),
        );
      },
    };
  },
});

/** The same kind of net with other numbers, on the host. */
const methodTeacher = teacher('methods/teacher', {
  help: 'Outputs of every form.',
  options: z.strictObject({ size }),
  create(options) {
    const outputs = outputsOf(options.size);
    const kernels = Object.fromEntries(
      Object.entries(outputs).map(([name, { shape }]) => [
        name,
        randomStream(4)
          .child(name)
          .normal(features * count(shape)),
      ]),
    );
    return {
      outputs,
      fingerprint: `methods/teacher ${options.size}`,
      labels: ['a', 'b', 'c'],
      label({ size: batch, tensors }) {
        const x = tensors.x?.data ?? [];
        const answers = Object.entries(outputs).map(([name, { shape }]) => {
          const width = count(shape);
          const kernel = kernels[name] as Float32Array;
          const data = Float32Array.from({ length: batch * width }, (_, at) => {
            const row = Math.floor(at / width);
            let sum = 0;
            for (let i = 0; i < features; i++)
              sum += (x[row * features + i] as number) * (kernel[i * width + (at % width)] as number);
            return name === 'logits' ? sum : Math.tanh(sum / 2);
          });
          if (probabilities(name)) softmaxRows(data, length);
          return [name, { dtype: 'float32', shape: [batch, ...shape], data }] as const;
        });
        return Promise.resolve(Object.fromEntries(answers) as HostTensors);
      },
      dispose: () => Promise.resolve(),
    };
  },
});

function softmaxRows(data: Float32Array, width: number): void {
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width).map(Math.exp);
    const sum = row.reduce((total, each) => total + each, 0);
    row.forEach((each, i) => (data[start + i] = each / sum));
  }
}

export const methodsPlugin: Plugin = definePlugin({
  name: 'methods',
  version: '1.0.0',
  potstill: '*',
  components: [methodStudent, methodTeacher],
});
