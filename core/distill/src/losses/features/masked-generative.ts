// Masked generative distillation: the teacher's map is made from what is left of the student's (Yang et al. 2022, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { initializers } from '../../students/init.js';
import { conv3x3 } from '../../students/parts.js';
import { relu, sequence } from '../parts/connector.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';

const name = 'masked-generative';

export const maskedGenerative: AnyComponent = layerPairLoss(name, {
  help: 'Squared difference of the teacher’s map and one generated from the masked student’s (MGD, Yang et al. 2022).',
  method: {
    paper: 'Yang, Li, Shao, Shi, Yuan & Yuan 2022: Masked Generative Distillation, section 3',
    url: 'https://arxiv.org/abs/2205.01529',
    formula:
      'sum((G(m z) - v)^2), mean over the batch; m a random mask, G two 3x3 convolutions with ReLU between them',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['MGD'], MMRazor: ['MGDLoss', 'MGDConnector'] },
    example: { use: name, student: 'stage.2', teacher: 'stage.2', weight: 2e-5 },
    note: 'The sum over an example’s numbers, as in the paper and MMRazor, whose weight is 0.00002. Its ratio of 0.65 is the default here.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {
    ratio: z
      .number()
      .min(0)
      .lt(1)
      .default(0.65)
      .describe('Share of the student’s map that is masked at each step.'),
    across: z
      .enum(['positions', 'channels'])
      .default('positions')
      .describe('What is masked: positions with all their channels, or channels with all their positions.'),
  },
  connector: 'auto',
  resize: ['larger', 'average'],
  create({ ratio, across }, { teacher, variables, name: prefix }) {
    const channels = channelsOf(name, 'teacher', teacher);
    const convolution = (part: string) =>
      conv3x3(variables, `${prefix}.${part}`, {
        from: channels,
        to: channels,
        norm: 'none',
        init: initializers['he-normal'],
      });
    const generate = sequence(convolution('first'), relu, convolution('second'));
    return ({ student, teacher: theirs, inputs: { at } }) => {
      const [batch = 1, h = 1, w = 1] = student.shape;
      const shape = across === 'positions' ? [batch, h, w, 1] : [batch, 1, 1, channels];
      const kept = ratio === 0 ? student : tf.mul(student, at.random.keepMask(shape, ratio));
      return tf.div(tf.sum(tf.squaredDifference(generate(kept, at), theirs)), batch);
    };
  },
});
