// Symmetric Kullback-Leibler divergence: both directions, with weights.
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { divergenceLoss } from '../parts/divergence-loss.js';
import { kullbackLeibler, reversed, weightedSum } from '../parts/divergences.js';

export const symmetricKlLoss: AnyComponent = divergenceLoss('symmetric-kl', {
  help: 'A weighted sum of forward and reverse KL divergence (Jeffreys 1946).',
  method: {
    paper:
      'Jeffreys 1946: An Invariant Form for the Prior Probability in Estimation Problems; weighted as in the code of Ko et al. 2024: DistiLLM',
    url: 'https://doi.org/10.1098/rspa.1946.0056',
    formula: 'T^2 ((1 - w) KL(p || q) + w KL(q || p)), p = softmax(v / T), q = softmax(z / T)',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { DistiLLM: ['symmetric_kl'], papers: ['Jeffreys divergence'] },
    example: 'symmetric-kl',
    note: 'Jeffreys’ divergence is twice this at w = 0.5. DistiLLM’s code has w = 0.9.',
  },
  options: {
    reverse: z.number().gt(0).lt(1).default(0.5).describe('w: the weight of the reverse direction.'),
  },
  divergence: ({ reverse }) =>
    weightedSum([1 - reverse, kullbackLeibler], [reverse, reversed(kullbackLeibler)]),
});
