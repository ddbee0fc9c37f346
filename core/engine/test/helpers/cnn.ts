// A small tf.layers network with convolutions, batch norm and dropout, for tests of whole steps.
import * as tf from '@tensorflow/tfjs';
import {
  dropout,
  type HostTensors,
  type NamedVariable,
  type Optimizer,
  randomStream,
  sgd,
  type StepContext,
  type TrainingDefinition,
} from '@potstill/engine';

export interface Cnn {
  readonly variables: readonly NamedVariable[];
  readonly forward: (x: tf.Tensor, at: StepContext) => tf.Tensor;
  readonly definition: TrainingDefinition;
  dispose(): void;
}

let made = 0;

/** Two convolutions on [8, 8, 2] images, batch norm, max pooling, dropout, one dense layer to 3 classes. */
export function cnn({
  optimizer = sgd({ momentum: 0.9 }),
  rate = 0.25,
}: { optimizer?: Optimizer; rate?: number } = {}): Cnn {
  const random = randomStream(23);
  const name = `cnn${made++}`;
  const features = tf.sequential({
    name,
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 2],
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        name: `${name}_c0`,
      }),
      tf.layers.batchNormalization({ name: `${name}_n0` }),
      tf.layers.reLU({ name: `${name}_a0` }),
      tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_p0` }),
      tf.layers.conv2d({ filters: 5, kernelSize: 3, activation: 'relu', name: `${name}_c1` }),
      tf.layers.flatten({ name: `${name}_f` }),
    ],
  });
  const head = tf.sequential({
    name: `${name}_head`,
    layers: [tf.layers.dense({ inputShape: [20], units: 3, name: `${name}_d` })],
  });
  const variables = [...features.weights, ...head.weights].map((weight): NamedVariable => {
    const statistic = weight.originalName.includes('moving');
    const short = weight.originalName.replace(/^cnn\d+_/, '');
    const variable = weight.read() as tf.Variable;
    if (short.endsWith('kernel'))
      tf.tidy(() => {
        const size = variable.size;
        variable.assign(tf.tensor(random.child(short).normal(size), variable.shape).mul(0.3));
      });
    return { name: short, variable, trainable: !statistic };
  });
  const forward = (x: tf.Tensor, at: StepContext): tf.Tensor => {
    const h = features.apply(x, { training: at.training }) as tf.Tensor;
    return head.apply(dropout(h, rate, at), { training: at.training }) as tf.Tensor;
  };
  return {
    variables,
    forward,
    definition: {
      variables,
      optimizer,
      random: random.child('steps'),
      loss: ({ x, y }, at) => {
        const logits = forward(x as tf.Tensor, at);
        const loss = tf.neg(tf.mean(tf.sum(tf.mul(y as tf.Tensor, tf.logSoftmax(logits)), -1)));
        return { loss: loss as tf.Scalar };
      },
    },
    dispose: () => {
      features.dispose();
      head.dispose();
    },
  };
}

/** A batch for {@link cnn}; the numbers depend on `batch` and `index` alone. */
export function cnnBatch(batch: number, index = 0): HostTensors {
  const random = randomStream(6).at(index);
  const y = new Float32Array(batch * 3);
  for (let i = 0; i < batch; i++) y[i * 3 + random.child('y').integer(3, i)] = 1;
  return {
    x: { dtype: 'float32', shape: [batch, 8, 8, 2], data: random.child('x').normal(batch * 128) },
    y: { dtype: 'float32', shape: [batch, 3], data: y },
  };
}
