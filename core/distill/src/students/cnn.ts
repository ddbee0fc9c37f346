// Small convolutional nets for images: a VGG-like one, the ResNets for CIFAR and a MobileNetV2.
import { dropout } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, DataDescription, NamedTensors, TensorSpec } from '../contracts/index.js';
import { student } from '../plugin/define.js';
import { initializerNames, initializers } from './init.js';
import { dense } from './parts.js';
import { classCount, inputField, readInput, refuse, type InputField } from './shape.js';
import { mobileBody } from './mobile.js';
import { resnetBody, vggBody, type Body, type BodyOptions } from './stages.js';
import { VariableSet } from './variables.js';

const bodies = {
  vgg: vggBody,
  resnet8: (variables, options) => resnetBody(variables, 1, options),
  resnet14: (variables, options) => resnetBody(variables, 2, options),
  resnet20: (variables, options) => resnetBody(variables, 3, options),
  mobilenetv2: mobileBody,
} satisfies Record<string, (variables: VariableSet, options: BodyOptions) => Body>;

const options = z.strictObject({
  arch: z
    .enum(['vgg', 'resnet8', 'resnet14', 'resnet20', 'mobilenetv2'])
    .default('vgg')
    .describe(
      'vgg: three stages of two convolutions and a pool. resnetN: He et al. 2016 for CIFAR, N = 6n + 2 layers. mobilenetv2: three stages of two inverted residuals (Sandler et al. 2018).',
    ),
  width: z
    .int()
    .positive()
    .optional()
    .describe('Channels of the first of three stages; doubled at each. Default: 32 for vgg, else 16.'),
  norm: z.enum(['batch', 'none']).default('batch').describe('Normalisation after each convolution.'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Share of the pooled features dropped while training.'),
  init: z.enum(initializerNames).default('he-normal').describe('How weights are drawn. Biases start at 0.'),
  exits: z
    .boolean()
    .default(false)
    .describe(
      'A classifier on each stage before the last, as outputs `exit.N`: for losses that let shallow layers learn from deep ones.',
    ),
  input: z.string().optional().describe('The image field it reads. Default: the first input of the data.'),
  classes: z
    .int()
    .positive()
    .optional()
    .describe('Number of classes. Default: the number of the data’s labels.'),
});

/** Height, width and channels of the images, or an error that says what is expected. */
function imageShape(field: InputField, data: DataDescription): readonly [number, number, number] {
  const [height, width, channels = 1] = field.shape;
  const found = `cnn: the input \`${field.name}\` has shape [${field.shape}]`;
  const expected = 'cnn takes images as [height, width, channels] or [height, width].';
  if (height === undefined || width === undefined || field.shape.length > 3) return refuse(found, expected);
  const channelsFirst = data.preprocessing
    ? data.preprocessing.layout === 'NCHW' && field.shape.length === 3
    : height <= 4 && channels > 4;
  if (channelsFirst) return refuse(`${found}, channels first (NCHW)`, `${expected} Use \`layout: NHWC\`.`);
  return [height, width, channels];
}

export const cnnStudent: AnyComponent = student('cnn', {
  outputs: {
    logits: 'a score for each class: [classes]',
    features: 'means over the image, before the last layer: [channels]',
    'stage.N': 'stage N, from 1: [height, width, channels]',
    'exit.N': 'with `exits`, a score for each class from stage N: [classes]',
  },
  help: 'Convolutional net for images: vgg, resnet8, resnet14, resnet20 or mobilenetv2.',
  options,
  create(given, services, { data }) {
    const field = inputField('cnn', given.input, data);
    const [height, width, channels] = imageShape(field, data);
    const classes = classCount('cnn', given.classes, data);
    const variables = new VariableSet(services.random.child('student'));
    const init = initializers[given.init];
    const body = bodies[given.arch](variables, {
      channels,
      width: given.width ?? (given.arch === 'vgg' ? 32 : 16),
      norm: given.norm,
      init,
    });
    const features = body.stages.at(-1)?.channels as number;
    const last = dense(variables, 'logits', features, classes, init);

    const outputs: Record<string, TensorSpec> = {
      logits: { dtype: 'float32', shape: [classes] },
      features: { dtype: 'float32', shape: [features] },
    };
    body.stages.forEach((stage, i) => {
      const halved = (length: number) => Math.ceil(length / 2 ** (body.halvings[i] as number));
      outputs[`stage.${i + 1}`] = {
        dtype: 'float32',
        shape: [halved(height), halved(width), stage.channels],
      };
    });
    const exits = given.exits
      ? body.stages
          .slice(0, -1)
          .map(({ channels: from }, i) => dense(variables, `exit.${i + 1}`, from, classes, init))
      : [];
    exits.forEach((_, i) => (outputs[`exit.${i + 1}`] = { dtype: 'float32', shape: [classes] }));
    return {
      outputs,
      variables: variables.list,
      forward(inputs, at) {
        const image = readInput('cnn', inputs, field);
        const tapped: NamedTensors = {};
        let x: tf.Tensor = image.shape.length === 3 ? tf.expandDims(image, 3) : image;
        for (const [i, stage] of body.stages.entries()) {
          x = stage.run(x, at);
          const exit = exits[i]?.(tf.mean(x, [1, 2]), at);
          Object.assign(tapped, { [`stage.${i + 1}`]: x, ...(exit && { [`exit.${i + 1}`]: exit }) });
        }
        const pooled = tf.mean(x, [1, 2]);
        return { logits: last(dropout(pooled, given.dropout, at), at), features: pooled, ...tapped };
      },
    };
  },
});
