// Similarity-preserving: which examples of a batch are alike (Tung & Mori 2019, section 3).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { gram, squareSum, unit } from '../parts/relation-matrix.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

/** `|| unit(V V^T) - unit(Z Z^T) ||_F^2 / batch^2`, where `unit` brings each row to length 1. */
function similarityPreserving(z: tf.Tensor2D, v: tf.Tensor2D): tf.Scalar {
  const similarity = (x: tf.Tensor2D) => unit(gram(x));
  return tf.div(squareSum(tf.sub(similarity(z), similarity(v))), z.shape[0] ** 2);
}

export const similarityPreservingLoss: AnyComponent = vectorPairLoss('similarity-preserving', {
  help: 'Matrix of similarities between the batch’s examples (Tung & Mori 2019).',
  method: {
    paper: 'Tung & Mori 2019: Similarity-Preserving Knowledge Distillation, section 3',
    url: 'https://arxiv.org/abs/1907.09682',
    formula: '|| unit(V V^T) - unit(Z Z^T) ||^2 / n^2; unit: rows of length 1; n: batch',
    family: 'relations',
    student: ['feature map', 'embedding', 'hidden states'],
    teacher: ['feature map', 'embedding', 'hidden states'],
    aliases: { papers: ['SP', 'SPKD'], torchdistill: ['SPKDLoss'], mdistiller: ['SP'] },
    example: { use: 'similarity-preserving', student: 'stage.3', teacher: 'stage.3' },
    note: 'Rows have length 1 by the Euclidean norm, as in the paper; torchdistill’s SPKDLoss divides them by the sum of their absolute values. The weight in use is 3000.',
  },
  options: {},
  compute: similarityPreserving,
});
