// Losses on relations between examples, channels or layers.
import type { AnyComponent } from '../../contracts/index.js';

export const relationLosses: readonly AnyComponent[] = [];
