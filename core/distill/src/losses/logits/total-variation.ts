// Total variation: half the distance of the probabilities (Wen et al. 2023).
import type { AnyComponent } from '../../contracts/index.js';
import { divergenceLoss } from '../parts/divergence-loss.js';
import { totalVariation } from '../parts/divergences.js';

export const totalVariationLoss: AnyComponent = divergenceLoss('total-variation', {
  help: 'Half the sum of the differences of the probabilities.',
  method: {
    paper: 'Wen et al. 2023: f-Divergence Minimization for Sequence-Level Knowledge Distillation',
    url: 'https://arxiv.org/abs/2307.15190',
    formula: 'T^2 1/2 sum_i |softmax(v / T)_i - softmax(z / T)_i|',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { DistillKit: ['tvd'], DistiLLM: ['tv_distance'], papers: ['TVD'] },
    example: 'total-variation',
  },
  options: {},
  divergence: () => totalVariation,
});
