// Losses on feature maps and layers, one of the student beside one of the teacher.
import type { AnyComponent } from '../../contracts/index.js';
import { hint } from './hint.js';

export const featureLosses: readonly AnyComponent[] = [hint];
