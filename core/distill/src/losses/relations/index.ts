// Losses on relations between examples, channels, positions or layers.
import type { AnyComponent } from '../../contracts/index.js';
import { affinityLoss } from './affinity.js';
import { correlationCongruenceLoss } from './correlation-congruence.js';
import { interChannelCorrelationLoss } from './inter-channel-correlation.js';
import { kernelAlignmentLoss } from './kernel-alignment.js';
import { knowledgeAdaptationLoss } from './knowledge-adaptation.js';
import { marginMatchingLoss } from './margin-matching.js';
import { probabilisticTransferLoss } from './probabilistic-transfer.js';
import { relationalAngleLoss } from './relational-angle.js';
import { relationalDistanceLoss } from './relational-distance.js';
import { semanticCalibrationLoss } from './semantic-calibration.js';
import { similarityDistributionLoss } from './similarity-distribution.js';
import { similarityMatrixLoss } from './similarity-matrix.js';
import { similarityPreservingLoss } from './similarity-preserving.js';

export const relationLosses: readonly AnyComponent[] = [
  affinityLoss,
  correlationCongruenceLoss,
  interChannelCorrelationLoss,
  kernelAlignmentLoss,
  knowledgeAdaptationLoss,
  marginMatchingLoss,
  probabilisticTransferLoss,
  relationalAngleLoss,
  relationalDistanceLoss,
  semanticCalibrationLoss,
  similarityDistributionLoss,
  similarityMatrixLoss,
  similarityPreservingLoss,
];
