// Training data and transfer data as one data set: what the student is trained on.
// Hinton, Vinyals & Dean 2015, section 2: the transfer set may be the training set, or examples without labels.
import type { IndexedDataset, TensorSpec } from '../contracts/index.js';
import { concat } from './concat.js';
import { withConstantFields } from './constant-fields.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';
import { commonFields } from './forms.js';
import { joinKnown } from './known.js';
import { labelledField } from './labelled.js';
import { mixSampling } from './sampling.js';

/**
 * The examples of `train`, then those of `transfer` without their truth: see `DataDescription.unlabelled` for what
 * stands in its place. Kept are the fields that both have in one form, the target of `train`, and `labelled`, which is 1
 * for the examples of `train`. The inputs must agree in form; groups are numbered as those of `train`, see `alignGroups`.
 */
export function joinTransfer(train: IndexedDataset, transfer: IndexedDataset): IndexedDataset {
  const { target } = train;
  const truth = target === undefined ? undefined : train.spec[target];
  const mark = (value: number) => ({
    [labelledField]: { spec: { dtype: 'int32', shape: [] } as const, value },
  });
  const parts = [
    train.labelled === labelledField ? train : withConstantFields(train, mark(1)),
    withConstantFields(transfer, {
      ...mark(0),
      ...(target !== undefined && truth ? { [target]: { spec: truth, value: absent(truth) } } : {}),
    }),
  ];
  const spec = commonFields(parts.map((part) => part.spec));
  const { groups: ours, ...described } = descriptionOf(train);
  const groups = Object.fromEntries(
    Object.keys(ours ?? {}).flatMap((field) => {
      const names = transfer.groups?.[field];
      return names && spec[field] ? [[field, names] as const] : [];
    }),
  );
  const sampling = mixSampling(parts);
  return concat(parts, {
    ...described,
    spec,
    labelled: labelledField,
    fingerprint: fingerprint('transfer', train.fingerprint, transfer.fingerprint),
    ...(target === undefined ? {} : { unlabelled: true }),
    ...(Object.keys(groups).length > 0 ? { groups } : {}),
    ...joinKnown(parts, { ...(target === undefined ? {} : { target }), spec, groups }),
    ...(sampling ? { sampling } : {}),
  });
}

/** A number that is no truth. */
function absent({ dtype }: TensorSpec): number {
  return dtype === 'int32' ? -1 : dtype === 'float32' ? NaN : 0;
}
