// Reverse Kullback-Leibler divergence: the student's distribution measured by the teacher's.
import type { AnyComponent } from '../../contracts/index.js';
import { divergenceLoss } from '../parts/divergence-loss.js';
import { kullbackLeibler, reversed } from '../parts/divergences.js';

export const reverseKlLoss: AnyComponent = divergenceLoss('reverse-kl', {
  help: 'KL divergence from the student’s probabilities to the teacher’s: it seeks one mode of the teacher.',
  method: {
    paper:
      'Gu et al. 2024: MiniLLM: Knowledge Distillation of Large Language Models, section 2, for one token',
    url: 'https://arxiv.org/abs/2306.08543',
    formula: 'T^2 KL(softmax(z / T) || softmax(v / T))',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { DistiLLM: ['reverse_kl'], TRL: ['MiniLLM'], papers: ['RKL'] },
    example: 'reverse-kl',
    note: 'The divergence of each token, exactly; MiniLLM estimates that of whole sequences by policy gradient.',
  },
  options: {},
  divergence: () => reversed(kullbackLeibler),
});
