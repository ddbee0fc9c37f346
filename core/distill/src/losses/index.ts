// The losses of the core, and the list that is registered. One folder a family; what families share lies in parts/.
import type { AnyComponent } from '../contracts/index.js';
import { attentionLosses } from './attention/index.js';
import { contrastiveLosses } from './contrastive/index.js';
import { featureLosses } from './features/index.js';
import { labelLosses } from './labels/index.js';
import { logitLosses } from './logits/index.js';
import { relationLosses } from './relations/index.js';

export { binaryCrossEntropy } from './labels/binary-cross-entropy.js';
export { crossEntropy } from './labels/cross-entropy.js';
export { squaredError } from './labels/squared-error.js';
export { logitMatching } from './logits/logit-matching.js';
export { softTargets, type SoftTargetsOptions } from './logits/soft-targets.js';
export { linearAlignment } from './relations/kernel-alignment.js';
export { lengthMask, maskedMean } from './parts/mask.js';

export const lossComponents: readonly AnyComponent[] = [
  ...labelLosses,
  ...logitLosses,
  ...featureLosses,
  ...relationLosses,
  ...attentionLosses,
  ...contrastiveLosses,
];
