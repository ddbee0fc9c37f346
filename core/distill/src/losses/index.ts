// The losses of the core, and the list that is registered.
import type { AnyComponent } from '../contracts/index.js';
import { binaryCrossEntropyLoss } from './binary-cross-entropy.js';
import { crossEntropyLoss } from './cross-entropy.js';
import { logitMatchingLoss } from './logit-matching.js';
import { softTargetsLoss } from './soft-targets.js';
import { squaredErrorLoss } from './squared-error.js';

export { binaryCrossEntropy } from './binary-cross-entropy.js';
export { crossEntropy } from './cross-entropy.js';
export { logitMatching } from './logit-matching.js';
export { lengthMask, maskedMean } from './mask.js';
export { softTargets, type SoftTargetsOptions } from './soft-targets.js';
export { squaredError } from './squared-error.js';

export const lossComponents: readonly AnyComponent[] = [
  crossEntropyLoss,
  softTargetsLoss,
  logitMatchingLoss,
  squaredErrorLoss,
  binaryCrossEntropyLoss,
];
