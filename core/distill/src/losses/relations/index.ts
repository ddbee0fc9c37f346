// Losses on relations between examples, channels or layers.
import type { AnyComponent } from '../../contracts/index.js';
import { correlationCongruenceLoss } from './correlation-congruence.js';
import { kernelAlignmentLoss } from './kernel-alignment.js';
import { probabilisticTransferLoss } from './probabilistic-transfer.js';
import { relationalAngleLoss } from './relational-angle.js';
import { relationalDistanceLoss } from './relational-distance.js';
import { similarityMatrixLoss } from './similarity-matrix.js';
import { similarityPreservingLoss } from './similarity-preserving.js';

export const relationLosses: readonly AnyComponent[] = [
  correlationCongruenceLoss,
  kernelAlignmentLoss,
  probabilisticTransferLoss,
  relationalAngleLoss,
  relationalDistanceLoss,
  similarityMatrixLoss,
  similarityPreservingLoss,
];
