// Losses on feature maps and layers, one of the student beside one of the teacher.
import type { AnyComponent } from '../../contracts/index.js';
import { overhaul } from './overhaul.js';
import { maskedGenerative } from './masked-generative.js';
import { knowledgeReview } from './knowledge-review.js';
import { factorTransfer } from './factor-transfer.js';
import { attentionGuided } from './attention-guided.js';
import { activationBoundaries } from './activation-boundaries.js';
import { attentionTransfer } from './attention-transfer.js';
import { channelWise } from './channel-wise.js';
import { flowOfSolution } from './flow-of-solution.js';
import { hint } from './hint.js';
import { logSumProjector } from './log-sum-projector.js';
import { neuronSelectivity } from './neuron-selectivity.js';
import { pearsonCorrelation } from './pearson-correlation.js';
import { primeAware } from './prime-aware.js';
import { singularVectors } from './singular-vectors.js';
import { variationalInformation } from './variational-information.js';

export const featureLosses: readonly AnyComponent[] = [
  hint,
  attentionTransfer,
  flowOfSolution,
  neuronSelectivity,
  variationalInformation,
  activationBoundaries,
  channelWise,
  pearsonCorrelation,
  primeAware,
  logSumProjector,
  singularVectors,
  attentionGuided,
  factorTransfer,
  knowledgeReview,
  maskedGenerative,
  overhaul,
];
