// Are the class numbers of a data set those of its class names?
import type { DataDescription, HostTensors } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { classList } from './classes.js';

/** The parts of a description that say which targets are right. */
export type TargetRule = Pick<DataDescription, 'target' | 'labels' | 'unlabelled'>;

/** The targets of an example or a batch, where they can be class numbers (int32). */
export function targetOf(tensors: HostTensors, { target }: TargetRule): ArrayLike<number> {
  const field = target === undefined ? undefined : tensors[target];
  return field?.dtype === 'int32' ? field.data : [];
}

/**
 * Checks class numbers by the rule of {@link DataDescription.labels}: 0 to labels - 1, and -1 where the data set is
 * `unlabelled`. Nothing is checked without class names or without a target.
 * @throws PotstillError DATA_DAMAGED at the first that is wrong. `where` names the example, such as `train: example 3`.
 */
export function checkTargets(
  values: ArrayLike<number>,
  { target, labels, unlabelled = false }: TargetRule,
  where: (position: number) => string,
): void {
  if (target === undefined || labels === undefined) return;
  const lowest = unlabelled ? -1 : 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value >= lowest && value < labels.length && Number.isInteger(value)) continue;
    throw new PotstillError({
      code: 'DATA_DAMAGED',
      message: `${where(i)} has ${target} ${value}, expected 0 to ${labels.length - 1}: ${classList(labels)}`,
      hint:
        value === -1
          ? '-1 means that the class is unknown. Leave such examples out; a data set that offers them to training must declare `unlabelled: true`.'
          : 'Fix the class number of that example, or name all classes.',
    });
  }
}
