// Losses against the data's labels and numbers.
import type { AnyComponent } from '../../contracts/index.js';
import { binaryCrossEntropyLoss } from './binary-cross-entropy.js';
import { classBalancedCrossEntropyLoss } from './class-balanced-cross-entropy.js';
import { crossEntropyLoss } from './cross-entropy.js';
import { focalLoss } from './focal-loss.js';
import { squaredErrorLoss } from './squared-error.js';
import { teacherFreeRegularizationLoss } from './teacher-free-regularization.js';

export const labelLosses: readonly AnyComponent[] = [
  crossEntropyLoss,
  squaredErrorLoss,
  binaryCrossEntropyLoss,
  focalLoss,
  classBalancedCrossEntropyLoss,
  teacherFreeRegularizationLoss,
];
