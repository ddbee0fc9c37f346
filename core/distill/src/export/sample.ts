// A few real examples on which an export is compared.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Dataset } from '../contracts/index.js';
import { batches } from '../data/index.js';
import { exportFailed } from './failed.js';

/** The first `size` examples, or as many as there are. */
export async function sampleBatch(
  exporter: string,
  dataset: Dataset,
  size: number,
  random: RandomStream,
): Promise<Batch> {
  for await (const batch of batches(dataset, { size, random })) if (batch.size > 0) return batch;
  throw exportFailed(
    exporter,
    'there are no examples on which the exported model could be compared with the student',
  );
}
