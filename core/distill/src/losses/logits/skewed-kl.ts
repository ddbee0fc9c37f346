// Skewed Kullback-Leibler divergences: to a mixture of both distributions, in which neither is 0 (Ko et al. 2024).
import { z } from 'zod';
import type { AnyComponent, Method } from '../../contracts/index.js';
import { divergenceLoss } from '../parts/divergence-loss.js';
import { reversed, skewed } from '../parts/divergences.js';

const method = {
  paper: 'Ko et al. 2024: DistiLLM: Towards Streamlined Distillation for Large Language Models, section 3.1',
  url: 'https://arxiv.org/abs/2402.03898',
  family: 'logits',
  student: ['logits'],
  teacher: ['logits'],
  sameShape: true,
} satisfies Partial<Method>;

const options = {
  alpha: z.number().gt(0).lt(1).default(0.1).describe('The share of the first distribution in the mixture.'),
};

export const skewedKlLoss: AnyComponent = divergenceLoss('skewed-kl', {
  help: 'KL divergence from the teacher’s probabilities to a mixture of them and the student’s.',
  method: {
    ...method,
    formula: 'T^2 KL(p || alpha p + (1 - alpha) q), p = softmax(v / T), q = softmax(z / T)',
    aliases: { DistiLLM: ['skewed_forward_kl'], papers: ['SKL'] },
    example: 'skewed-kl',
    note: 'DistiLLM’s code leaves out the teacher’s entropy; the gradient is the same.',
  },
  options,
  divergence: ({ alpha }) => skewed(alpha),
});

export const skewedReverseKlLoss: AnyComponent = divergenceLoss('skewed-reverse-kl', {
  help: 'KL divergence from the student’s probabilities to a mixture of them and the teacher’s.',
  method: {
    ...method,
    formula: 'T^2 KL(q || alpha q + (1 - alpha) p), p = softmax(v / T), q = softmax(z / T)',
    aliases: { DistiLLM: ['skewed_reverse_kl'], papers: ['SRKL'] },
    example: 'skewed-reverse-kl',
  },
  options,
  divergence: ({ alpha }) => reversed(skewed(alpha)),
});
