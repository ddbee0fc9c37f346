// Variational information distillation: the teacher's layer as a Gaussian around a prediction (Ahn et al. 2019, section 2).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { constant, initializers } from '../../students/init.js';
import { linear, relu, sequence } from '../parts/connector.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';

const name = 'variational-information';

export const variationalInformation: AnyComponent = layerPairLoss(name, {
  help: 'Negative log-likelihood of the teacher’s layer under a Gaussian that the student predicts (VID, Ahn et al. 2019).',
  method: {
    paper:
      'Ahn, Hu, Damianou, Lawrence & Dai 2019: Variational Information Distillation for Knowledge Transfer, section 2.1',
    url: 'https://arxiv.org/abs/1904.05835',
    formula:
      'mean((v - m(z))^2 / (2 s) + log(s) / 2) with a regressor m and s = log(1 + exp(a)) + e for each channel',
    family: 'features',
    student: ['feature map', 'embedding'],
    teacher: ['feature map', 'embedding'],
    aliases: { papers: ['VID'], torchdistill: ['VIDLoss'], mdistiller: ['VID'] },
    example: { use: name, layers: 'stage.{2,3} -> stage.{2,3}' },
    note: 'The variances are trained, as in the paper; mdistiller makes their parameters and never gives them to its optimiser. The loss may be negative.',
  },
  forms: ['a feature map [h, w, channels]', 'a vector [channels]'],
  options: {
    initialVariance: z.number().positive().default(5).describe('Variance of each channel at the start.'),
    epsilon: z.number().positive().default(1e-5).describe('e: what each variance is at least.'),
  },
  resize: ['larger', 'average'],
  create({ initialVariance, epsilon }, { student, teacher, variables, name: prefix }) {
    const from = channelsOf(name, 'student', student);
    const to = channelsOf(name, 'teacher', teacher);
    const layer = (at: number, width: number) =>
      linear(variables, `${prefix}.mean.${at}`, width, to, { bias: false, init: initializers['he-normal'] });
    const mean = sequence(layer(0, from), relu, layer(1, to), relu, layer(2, to));
    const start = Math.log(Math.expm1(initialVariance - epsilon));
    const scale = variables.add(`${prefix}.scale`, [to], constant(start), { decay: false });
    return ({ student: own, teacher: theirs, inputs }) => {
      const variance = tf.add(tf.softplus(scale), epsilon);
      const error = tf.squaredDifference(mean(own, inputs.at), theirs);
      return tf.mul(tf.mean(tf.add(tf.div(error, variance), tf.log(variance))), 0.5);
    };
  },
});
