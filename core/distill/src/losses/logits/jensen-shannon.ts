// Generalised Jensen-Shannon divergence (Agarwal et al. 2024).
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { divergenceLoss } from '../parts/divergence-loss.js';
import { reversed, skewed, weightedSum } from '../parts/divergences.js';

export const jensenShannonLoss: AnyComponent = divergenceLoss('jensen-shannon', {
  help: 'Generalised Jensen-Shannon divergence: both distributions measured by their mixture.',
  method: {
    paper:
      'Agarwal et al. 2024: On-Policy Distillation of Language Models: Learning from Self-Generated Mistakes, section 2, equation 1',
    url: 'https://arxiv.org/abs/2306.13649',
    formula:
      'T^2 (beta KL(p || m) + (1 - beta) KL(q || m)), m = beta p + (1 - beta) q, p = softmax(v / T), q = softmax(z / T)',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: {
      TRL: ['GKDTrainer', 'generalized_jsd_loss'],
      DistillKit: ['jsd'],
      DistiLLM: ['js_distance'],
      papers: ['JSD', 'GKD'],
    },
    example: 'jensen-shannon',
    note: 'TRL takes beta 0 and 1 as forward and reverse KL: use soft-targets at temperature 1 and reverse-kl. It does not multiply by T^2.',
  },
  options: {
    beta: z.number().gt(0).lt(1).default(0.5).describe('The teacher’s share in the mixture.'),
  },
  divergence: ({ beta }) => weightedSum([beta, skewed(beta)], [1 - beta, reversed(skewed(1 - beta))]),
});
