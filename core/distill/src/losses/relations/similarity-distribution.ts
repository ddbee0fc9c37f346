// Similarity distribution: whom an example resembles, as a softmax over the batch (Lin, Yang & Lin 2020; Fang et al. 2021).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { keyDivergence, ofScores } from '../parts/key-divergence.js';
import { diagonal, gram, unit } from '../parts/relation-matrix.js';
import { similarityOption, type Similarity } from '../parts/similarity.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

interface SimilarityDistributionOptions {
  readonly similarity: Similarity;
  /** Divides the student's similarities, and the teacher's. */
  readonly temperature: number;
  readonly teacherTemperature: number;
}

/** Mean over examples of `KL(softmax(s(v_i, .) / T') || softmax(s(z_i, .) / T))` over the others of the batch; 0 for one example. */
function similarityDistribution(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  { similarity, temperature, teacherTemperature }: SimilarityDistributionOptions,
): tf.Scalar {
  const others = tf.sub(1, diagonal(student.shape[0]));
  const distribution = (x: tf.Tensor2D, by: number) =>
    ofScores(tf.div(gram(similarity === 'cosine' ? unit(x) : x), by), others);
  return tf.mean(
    keyDivergence(distribution(student, temperature), distribution(teacher, teacherTemperature)),
  );
}

export const similarityDistributionLoss: AnyComponent = vectorPairLoss('similarity-distribution', {
  help: 'Softmax of an example’s similarities to the others of the batch (SEED, Fang et al. 2021).',
  method: {
    paper: 'Fang et al. 2021: SEED: Self-supervised Distillation for Visual Representation, section 3',
    url: 'https://arxiv.org/abs/2101.04731',
    formula:
      'mean over i KL(softmax over j of s(v_i, v_j) / T_t || softmax over j of s(z_i, z_j) / T), j other than i',
    family: 'relations',
    student: ['embedding'],
    teacher: ['embedding'],
    aliases: { papers: ['SEED'], 'sentence-transformers': ['DistillKLDivLoss'] },
    example: { use: 'similarity-distribution' },
    note: 'SEED compares with a queue of earlier examples; here with the batch, as in-batch distillation of dense retrievers does (Lin, Yang & Lin 2020). KL and not cross-entropy, so that 0 is perfect; the gradients are the same. sentence-transformers’ DistillKLDivLoss compares scores of a query with several texts: where student and teacher give such scores, that is `soft-targets`.',
  },
  options: {
    similarity: similarityOption('cosine'),
    temperature: z.number().positive().default(0.2).describe('T: divides the student’s similarities.'),
    teacherTemperature: z.number().positive().default(0.01).describe('T_t: divides the teacher’s.'),
  },
  compute: similarityDistribution,
});
