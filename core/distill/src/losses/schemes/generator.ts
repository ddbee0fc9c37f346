// A generator of examples from noise, as methods without data use it: the deep convolutional one of DAFL and ZSKT, or a dense one.
import * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable, StepContext } from '@potstill/engine';
import { z } from 'zod';
import type { DataDescription, Services } from '../../contracts/index.js';
import { normalize, batchNorm, type Layer } from '../../students/batch-norm.js';
import { initializers } from '../../students/init.js';
import { conv3x3, dense } from '../../students/parts.js';
import { inputField } from '../../students/shape.js';
import { VariableSet } from '../../students/variables.js';

export const generatorOptions = {
  examples: z.int().min(2).default(128).describe('Examples made in a step, whatever `train.batch` is.'),
  noise: z.int().min(1).default(100).describe('Numbers that an example is made of.'),
  width: z
    .int()
    .min(1)
    .default(64)
    .describe('Channels of the first layer of images; units of a dense generator.'),
};

export interface Generator {
  readonly variables: readonly NamedVariable[];
  /** The student's input field, `examples` of them, by new noise. */
  make(at: StepContext): Readonly<Record<string, tf.Tensor>>;
}

/**
 * Images whose sides are multiples of 4 are made as in Chen et al. 2019 (their code): a dense layer to a quarter of each side, two times
 * doubled and convolved; other fields by two dense layers. Where the data say how raw numbers became inputs, the end is a sigmoid, taken as
 * raw numbers of 0 to 1 after their scale; else a batch norm without parameters, as in the paper.
 */
export function generatorOf(
  name: string,
  options: { readonly examples: number; readonly noise: number; readonly width: number },
  data: DataDescription,
  services: Pick<Services, 'random'>,
): Generator {
  const field = inputField(name, undefined, data);
  const variables = new VariableSet(services.random.child(name));
  const init = initializers['he-normal'];
  const [height = 1, columns = 1, channels = 1] = field.shape;
  const isImage = field.shape.length >= 2 && height % 4 === 0 && columns % 4 === 0;
  const { preprocessing } = data;
  const end = (x: tf.Tensor): tf.Tensor => {
    if (!preprocessing) return centred(x);
    const { mean, std } = preprocessing;
    return tf.div(tf.sub(tf.sigmoid(x), tf.tensor1d([...mean])), tf.tensor1d([...std]));
  };
  const size = field.shape.reduce((product, length) => product * length, 1);
  const { examples, noise, width } = options;
  const body = isImage
    ? convolutional(variables, { noise, width, height: height / 4, columns: columns / 4, channels }, init)
    : flat(variables, { noise, width, size }, init);
  return {
    variables: variables.list,
    make(at) {
      const made = body(at.random.normal([examples, noise]), at);
      // As the preprocessing has it: images with their channels last, anything else as it is.
      const shaped = tf.reshape(made, [examples, ...(isImage ? [height, columns, channels] : [size])]);
      return { [field.name]: tf.reshape(end(shaped), [examples, ...field.shape]) };
    },
  };
}

const leaky: Layer = (x) => tf.leakyRelu(x, 0.2);

function convolutional(
  variables: VariableSet,
  of: { noise: number; width: number; height: number; columns: number; channels: number },
  init: (typeof initializers)['he-normal'],
): Layer {
  const { noise, width, height, columns, channels } = of;
  const half = Math.max(1, Math.ceil(width / 2));
  const first = dense(variables, 'first', noise, height * columns * width, init);
  const norm = batchNorm(variables, 'norm', width);
  const conv1 = conv3x3(variables, 'conv1', { from: width, to: width, norm: 'batch', init });
  const conv2 = conv3x3(variables, 'conv2', { from: width, to: half, norm: 'batch', init });
  const last = conv3x3(variables, 'last', { from: half, to: channels, norm: 'none', init });
  return (x, at) => {
    const small = norm(tf.reshape(first(x, at), [-1, height, columns, width]), at);
    const middle = leaky(conv1(doubled(small), at), at);
    return last(leaky(conv2(doubled(middle), at), at), at);
  };
}

function flat(
  variables: VariableSet,
  of: { noise: number; width: number; size: number },
  init: (typeof initializers)['he-normal'],
): Layer {
  const first = dense(variables, 'first', of.noise, of.width, init);
  const norm = batchNorm(variables, 'norm', of.width);
  const last = dense(variables, 'last', of.width, of.size, init);
  return (x, at) => last(leaky(norm(first(x, at), at), at), at);
}

/** Each pixel four times: [batch, h, w, c] to [batch, 2h, 2w, c]. */
function doubled(x: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const rows = tf.tile(tf.reshape(x, [batch, height, 1, width, 1, channels]), [1, 1, 2, 1, 2, 1]);
  return tf.reshape(rows, [batch, 2 * height, 2 * width, channels]);
}

/** Mean 0 and deviation 1 over all but the last axis. */
function centred(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const mean = tf.mean(x, axes);
  const variance = tf.mean(tf.square(tf.sub(x, mean)), axes);
  const channels = x.shape.at(-1) as number;
  return normalize(x, tf.ones([channels]), tf.zeros([channels]), { mean, variance });
}
