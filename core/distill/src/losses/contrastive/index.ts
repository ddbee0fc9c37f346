// Losses with positive and negative pairs, and on embeddings.
import type { AnyComponent } from '../../contracts/index.js';

export const contrastiveLosses: readonly AnyComponent[] = [];
