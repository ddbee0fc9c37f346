// Layers and losses that members share: plain TF.js on variables by name, and their initial weights.
import { type HostTensor, type RandomStream, randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import type { Network, Weight } from './member.js';

/** Gives the variable of a name, as {@link Network.loss} is handed it. */
export type Weights = Parameters<Network['loss']>[1];

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

export function float(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data };
}

/** Weights by name, in the order in which layers are added; each draws from the stream of its own name. */
export class Initial {
  readonly weights: Record<string, Weight> = {};

  constructor(private readonly random: RandomStream) {}

  private add(name: string, shape: readonly number[], data: Float32Array, trainable = true): void {
    this.weights[name] = { value: float(shape, data), trainable };
  }

  /** Normal with variance `2 / fan`, fan being the inputs of one output (He et al. 2015, equation 10). */
  he(name: string, shape: readonly number[], fan: number): void {
    const scale = Math.sqrt(2 / fan);
    const data = this.random.child(name).normal(product(shape));
    this.add(
      name,
      shape,
      data.map((x) => x * scale),
    );
  }

  fill(name: string, shape: readonly number[], value: number, trainable = true): void {
    this.add(name, shape, new Float32Array(product(shape)).fill(value), trainable);
  }

  /** Kernel [inputs, units] and bias [units] of a dense layer. */
  dense(name: string, inputs: number, units: number): void {
    this.he(`${name}/kernel`, [inputs, units], inputs);
    this.fill(`${name}/bias`, [units], 0);
  }

  /** Filters [size, size, inputs, units], without a bias. */
  conv(name: string, size: number, inputs: number, units: number): void {
    this.he(`${name}/kernel`, [size, size, inputs, units], size * size * inputs);
  }

  /** Filters [size, size, inputs, units] under `name/conv`, batch norm under `name/norm`. */
  convNorm(name: string, size: number, inputs: number, units: number): void {
    this.conv(`${name}/conv`, size, inputs, units);
    this.batchNorm(`${name}/norm`, units);
  }

  /** Depthwise filters [size, size, channels, 1] under `name/conv`, batch norm under `name/norm`. */
  depthwiseNorm(name: string, size: number, channels: number): void {
    this.he(`${name}/conv/kernel`, [size, size, channels, 1], size * size);
    this.batchNorm(`${name}/norm`, channels);
  }

  /** Scale, offset and the two running statistics, [channels] each. */
  batchNorm(name: string, channels: number): void {
    this.fill(`${name}/gamma`, [channels], 1);
    this.fill(`${name}/beta`, [channels], 0);
    this.fill(`${name}/mean`, [channels], 0, false);
    this.fill(`${name}/variance`, [channels], 1, false);
  }
}

/** x [..., inputs] to [..., units]. */
export function dense(x: tf.Tensor, name: string, weight: Weights): tf.Tensor {
  return tf.add(tf.matMul(x, weight(`${name}/kernel`)), weight(`${name}/bias`));
}

/** Convolution of [batch, h, w, inputs], `pad` zeros on every side: the same at every stride, as PyTorch has it. Without a bias. */
export function conv(
  x: tf.Tensor4D,
  name: string,
  weight: Weights,
  { stride = 1, pad }: { readonly stride?: number; readonly pad: number },
): tf.Tensor4D {
  return tf.conv2d(x, weight(`${name}/kernel`) as tf.Variable<tf.Rank.R4>, stride, pad);
}

const momentum = 0.1;
const epsilon = 1e-5;

/**
 * Batch norm over all axes but the last (Ioffe and Szegedy 2015), with PyTorch's constants. While training it normalises with
 * the batch's statistics and assigns the running ones; the running variance takes the unbiased one, as PyTorch's does.
 */
export function batchNorm(x: tf.Tensor4D, name: string, weight: Weights, training: boolean): tf.Tensor4D {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map(
    (leaf) => weight(`${name}/${leaf}`) as tf.Variable<tf.Rank.R1>,
  ) as [tf.Variable<tf.Rank.R1>, tf.Variable<tf.Rank.R1>, tf.Variable<tf.Rank.R1>, tf.Variable<tf.Rank.R1>];
  if (!training) return tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon);
  const batch = tf.moments(x, [0, 1, 2]);
  const count = x.size / (x.shape.at(-1) as number);
  const follow = (running: tf.Variable, now: tf.Tensor, share: number): void =>
    running.assign(tf.add(tf.mul(running, 1 - momentum), tf.mul(now, share)));
  follow(mean, batch.mean, momentum);
  follow(variance, batch.variance, (momentum * count) / (count - 1));
  return tf.batchNorm4d(x, batch.mean as tf.Tensor1D, batch.variance as tf.Tensor1D, beta, gamma, epsilon);
}

interface Normed {
  readonly stride?: number;
  readonly training: boolean;
}

/** Convolution that keeps the size at stride 1 (odd filters), then batch norm. */
export function convNorm(
  x: tf.Tensor4D,
  name: string,
  weight: Weights,
  { stride = 1, training }: Normed,
): tf.Tensor4D {
  const [size = 1] = weight(`${name}/conv/kernel`).shape;
  const h = conv(x, `${name}/conv`, weight, { stride, pad: (size - 1) / 2 });
  return batchNorm(h, `${name}/norm`, weight, training);
}

/** Convolution of each channel by itself that keeps the size at stride 1 (odd filters), then batch norm. */
export function depthwiseNorm(
  x: tf.Tensor4D,
  name: string,
  weight: Weights,
  { stride = 1, training }: Normed,
): tf.Tensor4D {
  const kernel = weight(`${name}/conv/kernel`) as tf.Variable<tf.Rank.R4>;
  const h = tf.depthwiseConv2d(x, kernel, stride, (kernel.shape[0] - 1) / 2);
  return batchNorm(h, `${name}/norm`, weight, training);
}

/** Mean over height and width: [batch, h, w, channels] to [batch, channels]. */
export function globalPool(x: tf.Tensor4D): tf.Tensor2D {
  return tf.mean(x, [1, 2]);
}

/** 0.3 hard cross-entropy + 0.7 T^2 cross-entropy with the teacher's distribution, both at temperature T = 4 (Hinton et al. 2015). */
export function distillationLoss(logits: tf.Tensor, label: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const temperature = 4;
  const classes = logits.shape.at(-1) as number;
  const truth = tf.oneHot(label as tf.Tensor1D, classes).toFloat();
  const hard = crossEntropy(truth, logits);
  const target = tf.softmax(tf.div(teacher, temperature));
  const soft = crossEntropy(target, tf.div(logits, temperature));
  return tf.add(tf.mul(0.3, hard), tf.mul(0.7 * temperature ** 2, soft));
}

/** Mean over all examples of the cross-entropy of `logits` with a distribution, both [..., classes]. */
export function crossEntropy(target: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(logits)), -1)));
}

/**
 * Noise about a mean of each class (vectors [batch, features], images [batch, h, w, channels], of which a class has one colour),
 * its labels, and a teacher's logits that favour the right class by 3: a task that a student learns something of in 50 steps.
 */
export function classification(
  shape: readonly number[],
  classes: number,
  { seed, index }: { readonly seed: number; readonly index: number },
): { readonly x: HostTensor; readonly label: HostTensor; readonly teacher: HostTensor } {
  const [count = 0] = shape;
  const width = shape.at(-1) as number;
  const means = randomStream(seed)
    .child('means')
    .normal(classes * width);
  const random = randomStream(seed).child('batch').at(index);
  const label = Int32Array.from(random.child('label').uniform(count), (x) => Math.floor(x * classes));
  const labelOf = (element: number, size: number): number => label[Math.floor(element / size)] as number;
  const x = random.child('x').normal(product(shape));
  const size = x.length / count;
  x.forEach((noise, i) => {
    x[i] = noise + (means[labelOf(i, size) * width + (i % width)] as number);
  });
  const teacher = random.child('teacher').normal(count * classes);
  teacher.forEach((noise, i) => {
    teacher[i] = noise + (labelOf(i, classes) === i % classes ? 3 : 0);
  });
  return {
    x: float(shape, x),
    label: { dtype: 'int32', shape: [count], data: label },
    teacher: float([count, classes], teacher),
  };
}
