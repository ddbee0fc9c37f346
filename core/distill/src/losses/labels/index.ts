// Losses against the data's labels and numbers.
import type { AnyComponent } from '../../contracts/index.js';
import { binaryCrossEntropyLoss } from './binary-cross-entropy.js';
import { crossEntropyLoss } from './cross-entropy.js';
import { squaredErrorLoss } from './squared-error.js';

export const labelLosses: readonly AnyComponent[] = [
  crossEntropyLoss,
  squaredErrorLoss,
  binaryCrossEntropyLoss,
];
