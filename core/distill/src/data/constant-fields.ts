// A data set with further fields that are the same for every example.
import type { HostTensor } from '@potstill/engine';
import type { Example, HostTensors, IndexedDataset, TensorSpec, TensorSpecs } from '../contracts/index.js';
import { elementCount, hostTensor, zeros } from './arrays.js';
import { freeAxes, freeAxesOf, lengthsOf } from './axes.js';
import { descriptionOf } from './describe.js';
import { knownOf } from './known.js';

/** What all elements of a field are. A free axis is as long as the data's of its name, else 0. */
export type ConstantFields = Readonly<Record<string, { readonly spec: TensorSpec; readonly value: number }>>;

/**
 * The examples with these fields, in place of those of the same name. The numbers of int32 fields of shape [] are told
 * as `groupIndices`, lengths of free axes as 0.
 */
export function withConstantFields(data: IndexedDataset, fields: ConstantFields): IndexedDataset {
  const axes = freeAxes(withoutFields(data.spec, fields));
  const made = (example: Example): Record<string, HostTensor> => {
    const long = lengthsOf(example, axes);
    return Object.fromEntries(
      Object.entries(fields).map(([name, { spec, value }]) => {
        const free = freeAxesOf(name, spec);
        const shape = spec.shape.map(
          (length, at) => length ?? long[free.find(({ axis }) => axis === at)?.name ?? ''] ?? 0,
        );
        return [name, filled(spec, shape, value)];
      }),
    );
  };
  // Fields with free axes are padded as their batch, which is left to whoever puts examples together.
  const ragged = Object.values(fields).some(({ spec }) => spec.shape.includes(null));
  const batch = ragged ? undefined : data.batch?.bind(data);
  const { targets, lengths, groupIndices, ...known } = knownOf(data);
  const own = new Set(axes.map(({ name }) => name));
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
    example: async (index): Promise<Example> => {
      const example = await data.example(index);
      return { ...example, ...made(example) };
    },
    ...(batch && {
      batch: async (indices: ArrayLike<number>) => {
        const read = await batch(indices);
        const constants = Object.entries(fields).map(([name, { spec, value }]) => [
          name,
          filled(spec, [read.size, ...spec.shape.map((length) => length ?? 0)], value),
        ]);
        return { ...read, tensors: { ...read.tensors, ...(Object.fromEntries(constants) as HostTensors) } };
      },
    }),
    ...(data.dispose ? { dispose: () => data.dispose?.() ?? Promise.resolve() } : {}),
  };
}

function filled({ dtype }: TensorSpec, shape: readonly number[], value: number): HostTensor {
  return hostTensor(dtype, shape, zeros(dtype, elementCount(shape)).fill(value));
}

function specsOf(fields: ConstantFields): Record<string, TensorSpec> {
  return Object.fromEntries(Object.entries(fields).map(([name, { spec }]) => [name, spec]));
}

function withoutFields(spec: TensorSpecs, fields: ConstantFields): TensorSpecs {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !fields[name]));
}
