// Hard distillation: the teacher's likeliest class as the label (Touvron et al. 2021).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { oneHot, rowCrossEntropy } from '../parts/one-hot.js';

export const hardDistillationLoss: AnyComponent = logitPairLoss('hard-distillation', {
  help: 'Cross-entropy with the teacher’s likeliest class.',
  method: {
    paper:
      'Touvron et al. 2021: Training data-efficient image transformers & distillation through attention, section 4 (hard-label distillation)',
    url: 'https://arxiv.org/abs/2012.12877',
    formula: '-log softmax(z)_c, c = argmax v',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { MMRazor: ['CrossEntropyLoss'], papers: ['DeiT', 'pseudo-labels'] },
    example: 'hard-distillation',
    note: 'Of equal largest logits the first is the label. DeiT weighs it and the cross-entropy with the data’s labels by one half each.',
  },
  options: {},
  create: () => ({
    compute({ z, v, mean }) {
      const each = rowCrossEntropy(z, oneHot(tf.argMax(v, -1), v.shape[1]));
      // A teacher that is not finite has no likeliest class.
      return mean(tf.add(each, tf.mul(tf.sum(v, -1, true), 0)));
    },
  }),
});
