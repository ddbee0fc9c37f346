// Sequences of different lengths as one padded batch.
import { EngineError } from '../errors.js';
import { sizeOf } from '../graph/builder.js';
import { emptyTensor } from '../session/host.js';
import type { HostTensor } from '../host-tensor.js';
import { bucketFor } from './buckets.js';

export interface PaddedBatch {
  /** [batch, length, ...] with the sequences' own dtype. */
  readonly values: HostTensor;
  /** float32 [batch, length]: 1 where a sequence is, 0 where it was padded. */
  readonly mask: HostTensor;
}

export interface PadOptions {
  /** What stands where no sequence is. Default 0. */
  readonly fill?: number;
}

/**
 * Pads sequences [length, ...] to one batch [batch, length, ...], of the smallest of `boundaries` that holds all of
 * them. Throws ENGINE_SHAPE for no sequences, for sequences that differ in more than length, and for one that is too long.
 */
export function padBatch(
  sequences: readonly HostTensor[],
  boundaries: readonly number[],
  { fill = 0 }: PadOptions = {},
): PaddedBatch {
  const [first] = sequences;
  if (!first) throw new EngineError('ENGINE_SHAPE', 'padBatch: there are no sequences');
  const features = first.shape.slice(1);
  const lengths = sequences.map(({ dtype, shape }, i) => {
    const [length] = shape;
    if (length === undefined) throw new EngineError('ENGINE_SHAPE', `padBatch: sequence ${i} is a scalar`);
    if (dtype !== first.dtype || String(shape.slice(1)) !== String(features))
      throw new EngineError(
        'ENGINE_SHAPE',
        `padBatch: sequence ${i} is ${dtype}[${shape}], the first is ${first.dtype}[${first.shape}]; only the first axis may differ`,
      );
    return length;
  });
  const length = bucketFor(Math.max(...lengths), boundaries);
  const size = sizeOf(features);
  const values = emptyTensor(first.dtype, [sequences.length, length, ...features]);
  const mask = new Float32Array(sequences.length * length);
  if (fill !== 0) values.data.fill(fill);
  sequences.forEach(({ data }, i) => {
    values.data.set(data, i * length * size);
    mask.fill(1, i * length, i * length + (lengths[i] as number));
  });
  return { values, mask: { dtype: 'float32', shape: [sequences.length, length], data: mask } };
}
