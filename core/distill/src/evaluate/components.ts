// The metrics that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { accuracy } from './accuracy.js';
import { agreement } from './agreement.js';
import { calibration } from './calibration.js';
import { confusion } from './confusion.js';
import { correlation } from './correlation.js';
import { crossEntropy } from './cross-entropy.js';
import { deviation } from './deviation.js';
import { divergence } from './divergence.js';
import { embeddingSimilarity } from './embedding-similarity.js';
import { labelScores } from './label-scores.js';
import { topK } from './top-k.js';

/** Those that judge classes: of rows of scores, with an int32 class as truth. */
export const classMetrics: readonly AnyComponent[] = [
  accuracy,
  topK,
  crossEntropy,
  agreement,
  divergence,
  calibration,
  confusion,
];

export const metricComponents: readonly AnyComponent[] = [
  ...classMetrics,
  deviation,
  correlation,
  labelScores,
  embeddingSimilarity,
];
