// Cosine of hidden states: their direction at each position (DistilBERT, Sanh et al. 2019, section 2).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { unit } from '../parts/relation-matrix.js';

/** `1 - cos(z, v)` of each vector of the last axis: [batch, ..., channels] to [batch, ...]. */
function cosineDistance(student: tf.Tensor, teacher: tf.Tensor): tf.Tensor {
  return tf.sub(1, tf.sum(tf.mul(unit(student), unit(teacher)), -1));
}

export const hiddenCosineLoss: AnyComponent = layerPairLoss('hidden-cosine', {
  help: 'Direction of hidden states or embeddings, 1 - cosine (DistilBERT, Sanh et al. 2019).',
  method: {
    paper:
      'Sanh et al. 2019: DistilBERT, a distilled version of BERT: smaller, faster, cheaper and lighter, section 2',
    url: 'https://arxiv.org/abs/1910.01108',
    formula: 'mean over positions 1 - cos(r(z), v); r: a linear map where the widths differ',
    family: 'attention',
    student: ['hidden states', 'embedding'],
    teacher: ['hidden states', 'embedding'],
    aliases: { papers: ['DistilBERT'], TextBrewer: ['cos', 'cos_loss'] },
    example: { use: 'hidden-cosine', student: 'states.2', teacher: 'states.2' },
  },
  forms: ['hidden states [length, channels]', 'a vector [channels]'],
  connector: 'auto',
  masks: true,
  options: {},
  create:
    () =>
    ({ student, teacher, mean }) =>
      mean(cosineDistance(student, teacher)),
});
