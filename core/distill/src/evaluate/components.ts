// The metrics that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { accuracy } from './accuracy.js';
import { agreement } from './agreement.js';
import { calibration } from './calibration.js';
import { confusion } from './confusion.js';
import { crossEntropy } from './cross-entropy.js';
import { divergence } from './divergence.js';
import { topK } from './top-k.js';

export const metricComponents: readonly AnyComponent[] = [
  accuracy,
  topK,
  crossEntropy,
  agreement,
  divergence,
  calibration,
  confusion,
];
