// A data set with further fields that are the same for every example.
import type { HostTensor } from '@potstill/engine';
import type { Example, IndexedDataset, TensorSpec, TensorSpecs } from '../contracts/index.js';
import { elementCount, hostTensor, zeros } from './arrays.js';
import { freeAxes } from './axes.js';
import { descriptionOf } from './describe.js';
import { knownOf } from './known.js';

/** What all elements of a field are. Free axes have length 0. */
export type ConstantFields = Readonly<Record<string, { readonly spec: TensorSpec; readonly value: number }>>;

/**
 * The examples with these fields, in place of those of the same name. The numbers of int32 fields of shape [] are told
 * as `groupIndices`, lengths of free axes as 0.
 */
export function withConstantFields(data: IndexedDataset, fields: ConstantFields): IndexedDataset {
  const made = (rows: number | undefined): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, { spec, value }]) => {
        const shape = [...(rows === undefined ? [] : [rows]), ...spec.shape.map((length) => length ?? 0)];
        return [name, hostTensor(spec.dtype, shape, zeros(spec.dtype, elementCount(shape)).fill(value))];
      }),
    );
  const batch = data.batch?.bind(data);
  const { targets, lengths, groupIndices, ...known } = knownOf(data);
  const own = new Set(freeAxes(withoutFields(data.spec, fields)).map(({ name }) => name));
  const empty = freeAxes(specsOf(fields)).filter(({ name }) => !own.has(name));
  const constant = Object.entries(fields).filter(
    ([, { spec }]) => spec.dtype === 'int32' && spec.shape.length === 0,
  );
  const all = (value: number) => new Int32Array(data.size).fill(value);
  return {
    ...descriptionOf(data),
    size: data.size,
    ...known,
    ...(targets && !fields[data.target ?? ''] && { targets }),
    ...(lengths || own.size === 0
      ? { lengths: { ...lengths, ...Object.fromEntries(empty.map(({ name }) => [name, all(0)])) } }
      : {}),
    groupIndices: {
      ...groupIndices,
      ...Object.fromEntries(constant.map(([name, { value }]) => [name, all(value)])),
    },
    ...(data.skipped ? { skipped: data.skipped } : {}),
    spec: { ...data.spec, ...specsOf(fields) },
    example: async (index): Promise<Example> => ({ ...(await data.example(index)), ...made(undefined) }),
    ...(batch && {
      batch: async (indices: ArrayLike<number>) => {
        const read = await batch(indices);
        return { ...read, tensors: { ...read.tensors, ...made(read.size) } };
      },
    }),
    ...(data.dispose ? { dispose: () => data.dispose?.() ?? Promise.resolve() } : {}),
  };
}

function specsOf(fields: ConstantFields): Record<string, TensorSpec> {
  return Object.fromEntries(Object.entries(fields).map(([name, { spec }]) => [name, spec]));
}

function withoutFields(spec: TensorSpecs, fields: ConstantFields): TensorSpecs {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !fields[name]));
}
