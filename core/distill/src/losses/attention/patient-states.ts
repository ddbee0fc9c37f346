// Patient distillation: the first token's hidden state of several layers, at length 1 (BERT-PKD, Sun et al. 2019, section 3.2).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { unit } from '../parts/relation-matrix.js';

/** The first position of [batch, length, channels]; a vector as it is. */
function firstToken(states: tf.Tensor): tf.Tensor2D {
  if (states.shape.length === 2) return states as tf.Tensor2D;
  const [batch = 1, , channels = 1] = states.shape;
  return tf.reshape(tf.slice(states, [0, 0, 0], [-1, 1, -1]), [batch, channels]);
}

/** `| z / |z| - v / |v| |^2` of the first token, mean over the batch. */
function patientStates(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const difference = tf.squaredDifference(unit(firstToken(student)), unit(firstToken(teacher)));
  return tf.mean(tf.sum(difference, 1));
}

export const patientStatesLoss: AnyComponent = layerPairLoss('patient-states', {
  help: 'The first token’s hidden state of several layers, at length 1 (BERT-PKD, Sun et al. 2019).',
  method: {
    paper:
      'Sun, Cheng, Gan & Liu 2019: Patient Knowledge Distillation for BERT Model Compression, section 3.2',
    url: 'https://arxiv.org/abs/1908.09355',
    formula: 'mean over examples of sum over layers | z / |z| - v / |v| |^2 of the first token',
    family: 'attention',
    student: ['hidden states', 'embedding'],
    teacher: ['hidden states', 'embedding'],
    aliases: { papers: ['PKD', 'BERT-PKD'], TextBrewer: ['pkd', 'pkd_loss'] },
    example: { use: 'patient-states', layers: 'states.{0,1} -> states.{0,1}' },
    note: 'Patient KD, and not the Pearson KD of the same letters. PKD-Skip is a pattern such as `states.{2,4,6,8,10} -> states.{1,2,3,4,5}`; PKD-Last `states.{7,8,9,10,11} -> states.{1,2,3,4,5}`.',
  },
  forms: ['hidden states [length, channels]', 'a vector [channels]'],
  connector: 'auto',
  masks: true,
  options: {},
  create:
    () =>
    ({ student, teacher }) =>
      patientStates(student, teacher),
});
