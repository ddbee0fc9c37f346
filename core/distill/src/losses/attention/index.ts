// Losses on the layers of transformers: hidden states and attention.
import type { AnyComponent } from '../../contracts/index.js';

export const attentionLosses: readonly AnyComponent[] = [];
