// Examples of one part of the data that stand in another part too, by the bytes of their inputs.
import { createHash } from 'node:crypto';
import type { HostTensors, IndexedDataset } from '../contracts/index.js';
import { elementCount } from './arrays.js';

/** Data that is not in memory is read up to so many examples in all; data in memory up to so many bytes. */
const mostRead = 20_000;
const mostBytes = 2 ** 30;

/** Whether looking for duplicates in all of these takes seconds and not minutes. */
export function isCheapToHash(parts: readonly IndexedDataset[]): boolean {
  const inMemory = parts.filter((part) => !!part.batch);
  const read = parts.filter((part) => !part.batch).reduce((sum, { size }) => sum + size, 0);
  const bytes = inMemory.reduce((sum, part) => sum + part.size * bytesOf(part), 0);
  return read <= mostRead && bytes <= mostBytes;
}

function bytesOf({ inputs, spec }: IndexedDataset): number {
  return inputs.reduce((sum, input) => {
    const shape = spec[input]?.shape ?? [];
    return sum + 4 * elementCount(shape.map((length) => length ?? 1));
  }, 0);
}

/** A hash of each example's inputs: dtype, shape and bytes. */
export async function hashInputs(dataset: IndexedDataset): Promise<string[]> {
  const hashes: string[] = [];
  const block = 256;
  for (let from = 0; from < dataset.size; from += block) {
    const indices = Array.from({ length: Math.min(block, dataset.size - from) }, (_, i) => from + i);
    if (dataset.batch && !isRagged(dataset)) {
      const { tensors } = await dataset.batch(indices);
      for (let row = 0; row < indices.length; row++) hashes.push(hashOf(dataset.inputs, tensors, row));
    } else {
      for (const index of indices) hashes.push(hashOf(dataset.inputs, await dataset.example(index)));
    }
  }
  return hashes;
}

function isRagged({ inputs, spec }: IndexedDataset): boolean {
  return inputs.some((input) => spec[input]?.shape.includes(null));
}

/** `row` of a batch, or an example. */
function hashOf(inputs: readonly string[], tensors: HostTensors, row?: number): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const tensor = tensors[input];
    if (!tensor) continue;
    const shape = row === undefined ? tensor.shape : tensor.shape.slice(1);
    const length = elementCount(shape);
    const from = (row ?? 0) * length;
    const view = tensor.data.subarray(from, from + length);
    hash.update(`${input} ${tensor.dtype} ${shape.join('x')}\n`);
    hash.update(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }
  // Half of it tells apart as many examples as any data set has.
  return hash.digest('base64').slice(0, 24);
}

/** How many of these stand among those. */
export function countIn(hashes: readonly string[], among: ReadonlySet<string>): number {
  return hashes.reduce((count, hash) => count + (among.has(hash) ? 1 : 0), 0);
}
