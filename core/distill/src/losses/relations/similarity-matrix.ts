// Similarity matrix of a batch's embeddings, number by number (Zhang et al. 2024, Jasper and Stella).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { gram, unit } from '../parts/relation-matrix.js';
import { similarityOption, type Similarity } from '../parts/similarity.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

/** Mean over all pairs of examples of the squared difference of their similarities. */
function similarityMatrix(student: tf.Tensor2D, teacher: tf.Tensor2D, similarity: Similarity): tf.Scalar {
  const matrix = (x: tf.Tensor2D) => gram(similarity === 'cosine' ? unit(x) : x);
  return tf.mean(tf.squaredDifference(matrix(student), matrix(teacher)));
}

export const similarityMatrixLoss: AnyComponent = vectorPairLoss('similarity-matrix', {
  help: 'Similarities between the batch’s embeddings, squared error (Zhang et al. 2024).',
  method: {
    paper: 'Zhang et al. 2024: Jasper and Stella: distillation of SOTA embedding models',
    url: 'https://arxiv.org/abs/2412.19048',
    formula: 'mean over pairs (cos(v_i, v_j) - cos(z_i, z_j))^2',
    family: 'relations',
    student: ['embedding'],
    teacher: ['embedding'],
    example: { use: 'similarity-matrix' },
  },
  options: { similarity: similarityOption('cosine') },
  compute: (student, teacher, { similarity }) => similarityMatrix(student, teacher, similarity),
});
