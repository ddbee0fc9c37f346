// Weights of an ensemble's members: fixed, by class, by a group field of the data, or learnt on held-out data.
import { z } from 'zod';
import type { Batch, DataDescription } from '../../contracts/index.js';
import { className } from '../../data/index.js';
import { teacherInvalid } from '../invalid.js';
import { some } from './label-map.js';
import type { WeightOf } from './pool.js';

const share = z.number().min(0);

export const weightOption = z
  .union([
    share,
    z.strictObject({
      classes: z.record(z.string(), share).describe('class -> weight'),
      else: share.default(1).describe('weight for classes that are not named'),
    }),
    z.strictObject({
      by: z.string().describe('a field of the data, one whole number an example, such as a language'),
      groups: z.record(z.string(), share).describe('number of the group -> weight'),
      else: share.default(1).describe('weight for groups that are not named'),
    }),
  ])
  .meta({ title: 'a number, or a map with `classes` or with `by` and `groups`' });

export type MemberWeight = z.output<typeof weightOption>;

/** The group of each example of a batch; TEACHER_INVALID where the batch has no such field. */
export function groupsOf(field: string, { tensors, size }: Batch): readonly number[] {
  const data = tensors[field]?.data;
  if (data?.length === size) return Array.from(data);
  throw teacherInvalid(
    data
      ? `the data's \`${field}\` is not one number an example`
      : `the batch has no \`${field}\`, by which the ensemble is weighted; it has ${Object.keys(tensors).join(', ')}`,
  );
}

/** @throws PotstillError TEACHER_INVALID for fields and classes that the data do not have. */
export function checkWeights(
  weights: Readonly<Record<string, MemberWeight>>,
  { spec }: DataDescription,
  labels: readonly string[] | undefined,
): void {
  for (const [member, weight] of Object.entries(weights)) {
    if (typeof weight === 'number') continue;
    if ('by' in weight) {
      if (!spec[weight.by])
        throw teacherInvalid(
          `the data have no field \`${weight.by}\`, by which the member \`${member}\` is weighted; they have ${some(Object.keys(spec))}`,
        );
      continue;
    }
    const names = (labels ?? []).map(className);
    const unknown = Object.keys(weight.classes).find((name) => !names.includes(className(name)));
    if (unknown !== undefined)
      throw teacherInvalid(
        `the member \`${member}\` has a weight for the class \`${unknown}\`, which the data do not have${labels ? `; they have ${some(labels)}` : ''}`,
      );
  }
}

/** The weights for one example after another of a batch. */
export function weightsFor(
  weights: readonly MemberWeight[],
  labels: readonly string[] | undefined,
  batch: Batch,
): (example: number) => WeightOf {
  const names = (labels ?? []).map(className);
  const each = weights.map((weight): ((example: number, at: number) => number) => {
    if (typeof weight === 'number') return () => weight;
    if ('by' in weight) {
      const groups = groupsOf(weight.by, batch);
      return (example) => weight.groups[String(groups[example])] ?? weight.else;
    }
    const table = new Map(Object.entries(weight.classes).map(([name, value]) => [className(name), value]));
    return (_, at) => table.get(names[at] ?? '') ?? weight.else;
  });
  return (example) => (member, at) => each[member]?.(example, at) ?? 0;
}
