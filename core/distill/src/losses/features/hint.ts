// Hints: a layer of the student learns a layer of the teacher through a regressor (FitNets, Romero et al. 2015, section 2.2).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';

/** `(z - v)^2` of each number, mean over the channels: [batch, ..., channels] to [batch, ...]. */
function squaredDifference(z: tf.Tensor, v: tf.Tensor): tf.Tensor {
  return tf.mean(tf.squaredDifference(z, v), -1);
}

export const hint: AnyComponent = layerPairLoss('hint', {
  help: 'Squared difference of layers, the student’s through a regressor (FitNets, Romero et al. 2015).',
  method: {
    paper:
      'Romero, Ballas, Kahou, Chassang, Gatta & Bengio 2015: FitNets: Hints for Thin Deep Nets, section 2.2',
    url: 'https://arxiv.org/abs/1412.6550',
    formula: 'mean((r(z) - v)^2) with a regressor r',
    family: 'features',
    student: ['feature map', 'embedding', 'hidden states'],
    teacher: ['feature map', 'embedding', 'hidden states'],
    aliases: {
      papers: ['FitNets', 'FitNet'],
      mdistiller: ['FitNet'],
      TextBrewer: ['hidden_mse', 'hid_mse_loss'],
    },
    example: { use: 'hint', student: 'stage.2', teacher: 'stage.2' },
    note: 'The mean over all numbers, as mdistiller and TextBrewer have it, where the paper has half the sum. The regressor of the paper is a convolution that makes maps smaller; here maps are resized first (`resize`), and it is 1x1, as in Chen et al. 2017. mdistiller’s has batch norm and ReLU: `connector: linear-norm-relu`.',
  },
  forms: ['a feature map [h, w, channels]', 'a vector [channels]', 'hidden states [length, channels]'],
  options: {},
  connector: 'auto',
  resize: ['larger', 'average'],
  masks: true,
  create:
    () =>
    ({ student, teacher, mean }) =>
      mean(squaredDifference(student, teacher)),
});
