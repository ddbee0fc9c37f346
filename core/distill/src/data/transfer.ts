// Training data and transfer data as one data set: what the student is trained on.
// Hinton, Vinyals & Dean 2015, section 2: the transfer set may be the training set, or examples without labels.
import type { HostTensor } from '@potstill/engine';
import type { Example, IndexedDataset, Sampling, TensorSpec, TensorSpecs } from '../contracts/index.js';
import { zeros, hostTensor } from './arrays.js';
import { freeAxes } from './axes.js';
import { concat } from './concat.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';
import { commonForm } from './forms.js';

/** The field that tells the two apart; see `DataDescription.labelled`. */
const labelledField = 'labelled';

/**
 * The examples of `train`, then those of `transfer` without their truth: see `DataDescription.unlabelled` for what
 * stands in its place. Kept are the fields that both have in one form, the target of `train`, and `labelled`, which is 1
 * for the examples of `train`. The inputs must agree in form.
 */
export function joinTransfer(train: IndexedDataset, transfer: IndexedDataset): IndexedDataset {
  const { target } = train;
  const truth = target === undefined ? undefined : train.spec[target];
  const spec: Record<string, TensorSpec> = {};
  for (const [name, ours] of Object.entries(train.spec)) {
    const theirs = name === target ? ours : transfer.spec[name];
    const form = theirs && commonForm(ours, theirs);
    if (form) spec[name] = form;
  }
  spec[labelledField] = { dtype: 'int32', shape: [] };
  const marked = (data: IndexedDataset, fields: Fields, labelled: number) =>
    withFields(data, {
      ...fields,
      [labelledField]: { spec: spec[labelledField] as TensorSpec, value: labelled },
    });
  const nothing: Fields =
    target !== undefined && truth ? { [target]: { spec: truth, value: absent(truth) } } : {};
  const { targets } = train;
  const lengths = joinLengths(train, transfer, spec);
  const { groups, groupIndices } = joinGroups(train, transfer, spec);
  const sampling = joinSampling(train, transfer);
  return concat([marked(train, {}, 1), marked(transfer, nothing, 0)], {
    ...withoutGroups(train),
    spec,
    labelled: labelledField,
    fingerprint: fingerprint('transfer', train.fingerprint, transfer.fingerprint),
    ...(target === undefined ? {} : { unlabelled: true }),
    ...(groups ? { groups } : {}),
    ...(groupIndices ? { groupIndices } : {}),
    ...(sampling ? { sampling } : {}),
    ...(lengths ? { lengths } : {}),
    ...(targets ? { targets: joinNumbers(targets, new Int32Array(transfer.size).fill(-1)) } : {}),
  });
}

function withoutGroups(data: IndexedDataset) {
  const { groups: _groups, ...rest } = descriptionOf(data);
  return rest;
}

/** Each part is drawn as it asks for, and as often as it has examples. */
function joinSampling(train: IndexedDataset, transfer: IndexedDataset): Sampling | undefined {
  if (!train.sampling && !transfer.sampling) return undefined;
  const weights = new Float64Array(train.size + transfer.size).fill(1);
  const strata = new Int32Array(weights.length);
  let start = 0;
  let next = 0;
  for (const { sampling, size } of [train, transfer]) {
    const total = Array.from(sampling?.weights ?? []).reduce((sum, weight) => sum + weight, 0);
    let most = 0;
    for (let i = 0; i < size; i++) {
      if (sampling) weights[start + i] = ((sampling.weights[i] as number) * size) / total;
      const stratum = sampling?.strata?.[i] ?? 0;
      strata[start + i] = next + stratum;
      most = Math.max(most, stratum);
    }
    start += size;
    next += most + 1;
  }
  return { weights, strata };
}

/** Lengths along the free axes, where both parts tell them; an absent truth is 0 long. */
function joinLengths(
  train: IndexedDataset,
  transfer: IndexedDataset,
  spec: TensorSpecs,
): IndexedDataset['lengths'] {
  const axes = freeAxes(spec);
  const joined: Record<string, ArrayLike<number>> = {};
  for (const { field, name } of axes) {
    const ours = train.lengths?.[name];
    const isTruth = field === train.target;
    const theirs = isTruth ? new Int32Array(transfer.size) : transfer.lengths?.[name];
    if (!ours || !theirs) return undefined;
    if (isTruth && axes.some((other) => other.name === name && other.field !== field)) continue;
    joined[name] = joinNumbers(ours, theirs);
  }
  return axes.length > 0 ? joined : undefined;
}

/** Groups that both have. Those of `transfer` are numbered as those of `train` are, see `alignGroups`. */
function joinGroups(
  train: IndexedDataset,
  transfer: IndexedDataset,
  spec: TensorSpecs,
): Pick<IndexedDataset, 'groups' | 'groupIndices'> {
  const fields = Object.keys(train.groups ?? {}).filter((field) => spec[field] && transfer.groups?.[field]);
  if (fields.length === 0) return {};
  const names = fields.map((field) => [field, transfer.groups?.[field] ?? []] as const);
  const known = fields.flatMap((field) => {
    const ours = train.groupIndices?.[field];
    const theirs = transfer.groupIndices?.[field];
    return ours && theirs ? [[field, joinNumbers(ours, theirs)] as const] : [];
  });
  return { groups: Object.fromEntries(names), groupIndices: Object.fromEntries(known) };
}

/** A number that is no truth. */
function absent({ dtype, shape }: TensorSpec): number {
  if (shape.includes(null)) return 0;
  return dtype === 'int32' ? -1 : dtype === 'float32' ? NaN : 0;
}

function joinNumbers(first: ArrayLike<number>, second: ArrayLike<number>): Int32Array {
  const all = new Int32Array(first.length + second.length);
  all.set(Array.from(first));
  all.set(Array.from(second), first.length);
  return all;
}

/** Fields that are the same for every example: what all their elements are. Free axes have length 0. */
type Fields = Readonly<Record<string, { readonly spec: TensorSpec; readonly value: number }>>;

function withFields(data: IndexedDataset, fields: Fields): IndexedDataset {
  const made = (rows: number | undefined): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, { spec, value }]) => {
        const shape = [...(rows === undefined ? [] : [rows]), ...spec.shape.map((length) => length ?? 0)];
        const elements = zeros(
          spec.dtype,
          shape.reduce((product, length) => product * length, 1),
        );
        return [name, hostTensor(spec.dtype, shape, elements.fill(value))];
      }),
    );
  const batch = data.batch?.bind(data);
  return {
    ...descriptionOf(data),
    size: data.size,
    spec: {
      ...data.spec,
      ...Object.fromEntries(Object.entries(fields).map(([name, { spec }]) => [name, spec])),
    },
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
