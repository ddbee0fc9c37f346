// Losses on the logits of student and teacher.
import type { AnyComponent } from '../../contracts/index.js';
import { balancedLoss } from './balanced-knowledge-distillation.js';
import { decoupledLoss } from './decoupled-knowledge-distillation.js';
import { distPlusLoss } from './dist-plus.js';
import { distLoss } from './dist.js';
import { hardDistillationLoss } from './hard-distillation.js';
import { jensenShannonLoss } from './jensen-shannon.js';
import { knowledgeAdjustmentLoss } from './knowledge-adjustment.js';
import { logitMatchingLoss } from './logit-matching.js';
import { logitStandardizationLoss } from './logit-standardization.js';
import { hingeRankingLoss, logisticRankingLoss } from './ranking.js';
import { reverseKlLoss } from './reverse-kl.js';
import { skewedKlLoss, skewedReverseKlLoss } from './skewed-kl.js';
import { softTargetsLoss } from './soft-targets.js';
import { streamlinedDirectionLoss } from './streamlined-direction.js';
import { symmetricKlLoss } from './symmetric-kl.js';
import { totalVariationLoss } from './total-variation.js';
import { truncatedSoftTargetsLoss } from './truncated-soft-targets.js';
import { universalLogitDistillationLoss } from './universal-logit-distillation.js';
import { weightedSoftLabelsLoss } from './weighted-soft-labels.js';
import { agreementWeightedLoss, confidenceWeightedLoss } from './weighted-soft-targets.js';

export const logitLosses: readonly AnyComponent[] = [
  softTargetsLoss,
  hardDistillationLoss,
  reverseKlLoss,
  symmetricKlLoss,
  skewedKlLoss,
  skewedReverseKlLoss,
  jensenShannonLoss,
  totalVariationLoss,
  truncatedSoftTargetsLoss,
  universalLogitDistillationLoss,
  logitMatchingLoss,
  hingeRankingLoss,
  logisticRankingLoss,
  decoupledLoss,
  distLoss,
  distPlusLoss,
  logitStandardizationLoss,
  weightedSoftLabelsLoss,
  confidenceWeightedLoss,
  agreementWeightedLoss,
  knowledgeAdjustmentLoss,
  balancedLoss,
  streamlinedDirectionLoss,
];
