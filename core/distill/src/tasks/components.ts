// The tasks and adjustments that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { biasCorrection } from './classification/adjust/bias-correction.js';
import { samplingCorrection } from './classification/adjust/sampling-correction.js';
import { temperatureScaling } from './classification/adjust/temperature-scaling.js';
import { classification } from './classification/classification.js';
import { embedding } from './embedding/embedding.js';
import { multiLabel } from './multi-label/multi-label.js';
import { thresholds } from './multi-label/thresholds.js';
import { regression } from './regression/regression.js';

export const taskComponents: readonly AnyComponent[] = [
  classification,
  multiLabel,
  regression,
  embedding,
  biasCorrection,
  samplingCorrection,
  temperatureScaling,
  thresholds,
];
