// What a loss compares the student with that takes either: the data's truth, or a teacher's output.
import type { Contexts, LossNeeds } from '../../contracts/index.js';
import { targetField } from './check.js';
import { positionsOf, type Positions } from './positions.js';

interface Options {
  readonly student: string;
  readonly teacher?: string | undefined;
  readonly target?: string | undefined;
  readonly mask?: string | undefined;
}

export interface TruthOrTeacher {
  /** The field with the truth; undefined where a teacher stands in its place. */
  readonly target: string | undefined;
  readonly positions: Positions;
  readonly needs: LossNeeds;
}

/** @throws PotstillError LOSS_INVALID where no teacher is named and the data have no target either. */
export function truthOrTeacher(
  name: string,
  options: Options,
  { data, student: { outputs } }: Pick<Contexts['loss'], 'data' | 'student'>,
): TruthOrTeacher {
  const target = options.teacher === undefined ? targetField(name, options.target, data.target) : undefined;
  const positions = positionsOf(name, {
    data,
    outputs,
    output: options.student,
    target,
    mask: options.mask,
  });
  return {
    target,
    positions,
    needs: {
      student: [options.student, ...positions.student],
      teacher: options.teacher === undefined ? [] : [options.teacher],
      batch: [...(target === undefined ? [] : [target]), ...positions.batch],
    },
  };
}
