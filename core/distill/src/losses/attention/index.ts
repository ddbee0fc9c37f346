// Losses on attention and hidden states of transformers.
import type { AnyComponent } from '../../contracts/index.js';
import { attentionDivergenceLoss } from './attention-divergence.js';
import { attentionMatchingLoss } from './attention-matching.js';

export const attentionLosses: readonly AnyComponent[] = [attentionDivergenceLoss, attentionMatchingLoss];
