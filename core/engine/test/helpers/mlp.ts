// A small classifier with fixed numbers, for tests of whole steps.
import * as tf from '@tensorflow/tfjs';
import {
  type HostTensors,
  type NamedVariable,
  type Optimizer,
  randomStream,
  sgd,
  type TrainingDefinition,
} from '@potstill/engine';

export interface Mlp {
  readonly variables: readonly NamedVariable[];
  readonly forward: (x: tf.Tensor) => tf.Tensor;
  readonly definition: TrainingDefinition;
  dispose(): void;
}

/** Layers of the given widths with ReLU between, soft and hard cross-entropy. */
export function mlp(
  widths: readonly number[] = [6, 8, 3],
  optimizer: Optimizer = sgd({ momentum: 0.9 }),
): Mlp {
  const random = randomStream(11);
  const made = (name: string, shape: number[], scale: number): NamedVariable => {
    const size = shape.reduce((product, length) => product * length, 1);
    return tf.tidy(() => ({
      name,
      variable: tf.variable(tf.tensor(random.child(name).normal(size), shape).mul(scale)),
    }));
  };
  const layers = widths.slice(1).map((width, i) => {
    const fan = widths[i] as number;
    return {
      kernel: made(`layer${i}/kernel`, [fan, width], Math.sqrt(2 / fan)),
      bias: made(`layer${i}/bias`, [width], 0.1),
    };
  });
  const forward = (x: tf.Tensor): tf.Tensor =>
    layers.reduce((h, { kernel, bias }, i) => {
      const z = tf.add(
        tf.matMul(h as tf.Tensor2D, kernel.variable as tf.Tensor as tf.Tensor2D),
        bias.variable,
      );
      return i === layers.length - 1 ? z : tf.relu(z);
    }, x);
  const variables = layers.flatMap(({ kernel, bias }) => [kernel, bias]);
  const temperature = 2;
  return {
    variables,
    forward,
    definition: {
      variables,
      optimizer,
      random: random.child('steps'),
      loss: ({ x, y, t }) => {
        const z = forward(x as tf.Tensor);
        const against = (p: tf.Tensor, logits: tf.Tensor) =>
          tf.neg(tf.mean(tf.sum(tf.mul(p, tf.logSoftmax(logits)), -1)));
        const hard = against(y as tf.Tensor, z);
        const soft = against(tf.softmax(tf.div(t as tf.Tensor, temperature)), tf.div(z, temperature));
        const loss = tf.add(tf.mul(0.3, hard), tf.mul(0.7 * temperature ** 2, soft));
        return { loss: loss as tf.Scalar, hard: hard as tf.Scalar, soft: soft as tf.Scalar };
      },
    },
    dispose: () => variables.forEach(({ variable }) => variable.dispose()),
  };
}

/** A batch for {@link mlp}; the numbers depend on `batch` and `index` alone. */
export function mlpBatch(batch: number, widths: readonly number[] = [6, 8, 3], index = 0): HostTensors {
  const features = widths[0] as number;
  const classes = widths.at(-1) as number;
  const random = randomStream(5).at(index);
  const y = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) y[i * classes + random.child('y').integer(classes, i)] = 1;
  return {
    x: { dtype: 'float32', shape: [batch, features], data: random.child('x').normal(batch * features) },
    y: { dtype: 'float32', shape: [batch, classes], data: y },
    t: { dtype: 'float32', shape: [batch, classes], data: random.child('t').normal(batch * classes) },
  };
}
