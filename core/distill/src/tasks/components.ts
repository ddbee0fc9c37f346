// The tasks and adjustments that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { biasCorrection } from './classification/adjust/bias-correction.js';
import { classification } from './classification/classification.js';

export const taskComponents: readonly AnyComponent[] = [classification, biasCorrection];
