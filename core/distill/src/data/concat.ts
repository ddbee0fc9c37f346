// Several data sets as one: the examples of the first, then those of the second, and so on.
import type { HostTensor } from '@potstill/engine';
import type { Batch, DataDescription, Example, HostTensors, IndexedDataset } from '../contracts/index.js';
import { elementCount, hostTensor, zeros } from './arrays.js';
import { descriptionOf } from './describe.js';
import type { Known } from './known.js';

/** The data set that an example of a concatenation is from, and its index there. */
interface Place {
  readonly part: number;
  readonly index: number;
}

/**
 * Random access to the examples of all parts, each with the fields of `description.spec`: every part must have them, in
 * that form. Other fields are dropped. Disposing of it disposes of the parts.
 */
export function concat(
  parts: readonly IndexedDataset[],
  description: DataDescription & Known & Pick<IndexedDataset, 'skipped'>,
): IndexedDataset {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  const placeOf = (index: number): Place => {
    if (!(index >= 0 && index < size)) throw new Error(`internal: example ${index} of a data set of ${size}`);
    let part = starts.length - 1;
    while ((starts[part] as number) > index) part--;
    return { part, index: index - (starts[part] as number) };
  };
  const fields = Object.keys(description.spec);
  const ragged = Object.values(description.spec).some(({ shape }) => shape.includes(null));
  const { targets, lengths, groupIndices, sampling, skipped } = description;
  return {
    ...descriptionOf(description),
    ...(skipped ? { skipped } : {}),
    ...(targets ? { targets } : {}),
    ...(lengths ? { lengths } : {}),
    ...(groupIndices ? { groupIndices } : {}),
    ...(sampling ? { sampling } : {}),
    size,
    example: async (index) => {
      const place = placeOf(index);
      return only(await (parts[place.part] as IndexedDataset).example(place.index), fields);
    },
    // Padded batches of several parts differ in length; those are put together example by example.
    ...(ragged || parts.some((part) => !part.batch)
      ? {}
      : { batch: (indices: ArrayLike<number>) => readBatch(parts, Array.from(indices), placeOf, fields) }),
    dispose: async () => {
      for (const part of parts) await part.dispose?.();
    },
  };
}

function only(tensors: HostTensors, fields: readonly string[]): Example {
  return Object.fromEntries(fields.flatMap((name) => (tensors[name] ? [[name, tensors[name]]] : [])));
}

async function readBatch(
  parts: readonly IndexedDataset[],
  indices: readonly number[],
  placeOf: (index: number) => Place,
  fields: readonly string[],
): Promise<Batch> {
  const places = indices.map(placeOf);
  const tensors: Record<string, HostTensor> = {};
  for (const [number, part] of parts.entries()) {
    const rows = places.flatMap((place, row) => (place.part === number ? [row] : []));
    if (rows.length === 0) continue;
    const read = await part.batch?.(rows.map((row) => (places[row] as Place).index));
    for (const name of fields) {
      const field = read?.tensors[name];
      if (!field) throw new Error(`internal: part ${number} of a concatenation has no field \`${name}\``);
      const shape = field.shape.slice(1);
      const length = elementCount(shape);
      const whole = (tensors[name] ??= hostTensor(
        field.dtype,
        [indices.length, ...shape],
        zeros(field.dtype, indices.length * length),
      ));
      rows.forEach((row, i) => {
        whole.data.set(field.data.subarray(i * length, (i + 1) * length), row * length);
      });
    }
  }
  return { size: indices.length, tensors, indices };
}
