// Lengths of outputs that vary from example to example, and zeros where a batch is padded.
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { Batch, TensorSpecs } from '../contracts/index.js';
import { elementCount } from '../data/index.js';
import { hostTensor } from '../data/arrays.js';
import { lengthsOf } from './feed.js';
import type { Feeds } from './feeds.js';

/** Lengths of the varying axes of each output, for one length of the input. */
export type LengthsAt = (length: number) => Promise<Readonly<Record<string, readonly number[]>>>;

/** The one field whose length those of the outputs follow; undefined where there is none, or several. */
export function drivingField(feeds: Feeds): string | undefined {
  const ragged = [...feeds.values()].filter(({ shape }) => shape?.includes(null));
  const [field, ...others] = new Set(ragged.map((feed) => feed.field));
  const single = ragged.every(({ shape }) => shape?.filter((length) => length === null).length === 1);
  return single && others.length === 0 ? field : undefined;
}

/**
 * Remembers what was measured. Where two lengths show that every output has one step for each `unit` elements of the
 * input, no others are measured.
 */
export function remembered(measure: LengthsAt, tried: readonly [number, number], unit: number): LengthsAt {
  const known = new Map<number, ReturnType<LengthsAt>>();
  const measured: LengthsAt = (length) => {
    const found = known.get(length) ?? measure(length);
    known.set(length, found);
    return found;
  };
  const simple = once(async () => {
    const all = await Promise.all(tried.map(measured));
    return all.every((lengths, i) =>
      Object.values(lengths)
        .flat()
        .every((length) => length * unit === tried[i]),
    );
  });
  return async (length) => {
    if (!(await simple())) return measured(length);
    const steps = Math.ceil(length / unit);
    const first = await measured(tried[0]);
    return Object.fromEntries(Object.entries(first).map(([name, axes]) => [name, axes.map(() => steps)]));
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

/**
 * Adds `<name>.length` to each output with varying axes, int32 [batch] (of several axes [batch, axes]), and sets to zero
 * what lies beyond: the answer to an example does not depend on how long others of its batch are.
 */
export async function withLengths(
  teacher: string,
  batch: Batch,
  outputs: HostTensors,
  specs: TensorSpecs,
  field: string,
  lengthsAt: LengthsAt,
): Promise<HostTensors> {
  const given = lengthsOf(teacher, batch, field);
  const of = new Map<number, Readonly<Record<string, readonly number[]>>>();
  for (const length of new Set(given)) of.set(length, await lengthsAt(length));
  const all: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    const axes = (specs[name]?.shape ?? []).flatMap((length, axis) => (length === null ? [axis + 1] : []));
    all[name] = tensor;
    if (axes.length === 0) continue;
    const lengths = [...given].map((length) => of.get(length)?.[name] ?? []);
    all[name] = axes.reduce(
      (padded, axis, i) =>
        cut(
          padded,
          axis,
          lengths.map((each) => each[i] ?? 0),
        ),
      tensor,
    );
    const shape = axes.length === 1 ? [batch.size] : [batch.size, axes.length];
    all[`${name}.length`] = hostTensor('int32', shape, Int32Array.from(lengths.flat()));
  }
  return all;
}

/** Zeros beyond each row's length along an axis. */
function cut(tensor: HostTensor, axis: number, lengths: readonly number[]): HostTensor {
  const { shape, dtype } = tensor;
  const length = shape[axis] ?? 1;
  if (lengths.every((each) => each >= length)) return tensor;
  const data = tensor.data.slice();
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(1, axis));
  lengths.forEach((end, row) => {
    for (let block = row * outer; block < (row + 1) * outer; block++)
      data.fill(0, (block * length + Math.min(end, length)) * inner, (block + 1) * length * inner);
  });
  return hostTensor(dtype, shape, data);
}
