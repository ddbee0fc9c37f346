// How alike two embeddings are.
import { z } from 'zod';

export type Similarity = 'cosine' | 'dot';

/** The option `similarity` of losses on embeddings. */
export const similarityOption = (fallback: Similarity) =>
  z
    .enum(['cosine', 'dot'])
    .default(fallback)
    .describe('How alike two embeddings are: their cosine, or their inner product.');
