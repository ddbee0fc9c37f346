// Losses that hold an example against others, its negatives.
import type { AnyComponent } from '../../contracts/index.js';
import { contrastiveRepresentationLoss } from './contrastive-representation.js';
import { infoNceLoss } from './info-nce.js';

export const contrastiveLosses: readonly AnyComponent[] = [contrastiveRepresentationLoss, infoNceLoss];
