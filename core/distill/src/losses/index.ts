// The losses of the core, and the list that is registered.
import type { AnyComponent } from '../contracts/index.js';
import { crossEntropyLoss } from './cross-entropy.js';
import { logitMatchingLoss } from './logit-matching.js';
import { softTargetsLoss } from './soft-targets.js';

export { crossEntropy } from './cross-entropy.js';
export { logitMatching } from './logit-matching.js';
export { softTargets, type SoftTargetsOptions } from './soft-targets.js';

export const lossComponents: readonly AnyComponent[] = [crossEntropyLoss, softTargetsLoss, logitMatchingLoss];
