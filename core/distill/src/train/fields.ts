// Fields out of a batch.
import type { HostTensors } from '@potstill/engine';
import type { Batch } from '../contracts/index.js';

/** The fields named, each with its `<name>.length` where its axes are padded. */
export function fieldsOf(batch: Batch, names: readonly string[]): HostTensors {
  const wanted = new Set(names.flatMap((name) => [name, `${name}.length`]));
  return Object.fromEntries(Object.entries(batch.tensors).filter(([name]) => wanted.has(name)));
}
