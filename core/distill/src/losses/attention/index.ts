// Losses on attention and hidden states of transformers.
import type { AnyComponent } from '../../contracts/index.js';
import { attentionDivergenceLoss } from './attention-divergence.js';
import { attentionMatchingLoss } from './attention-matching.js';
import { hiddenCosineLoss } from './hidden-cosine.js';
import { patientStatesLoss } from './patient-states.js';
import { positionSimilarityLoss } from './position-similarity.js';
import { selfAttentionRelationLoss } from './self-attention-relation.js';

export const attentionLosses: readonly AnyComponent[] = [
  attentionDivergenceLoss,
  attentionMatchingLoss,
  hiddenCosineLoss,
  patientStatesLoss,
  positionSimilarityLoss,
  selfAttentionRelationLoss,
];
