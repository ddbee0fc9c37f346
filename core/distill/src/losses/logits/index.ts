// Losses on the logits of student and teacher.
import type { AnyComponent } from '../../contracts/index.js';
import { logitMatchingLoss } from './logit-matching.js';
import { softTargetsLoss } from './soft-targets.js';

export const logitLosses: readonly AnyComponent[] = [softTargetsLoss, logitMatchingLoss];
