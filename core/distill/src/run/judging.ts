// By what the models of a run are compared: the figure that decides and the paired test of its task.
import { primaryOf } from '../report/figures.js';
import type { Judging } from '../report/verdict.js';
import type { RunContext } from './context.js';

export function judgingOf({ task: { task }, figures }: Pick<RunContext, 'task' | 'figures'>): Judging {
  return {
    primary: primaryOf(figures, task.primary),
    compare:
      task.compare && ((first, second) => (task.compare as NonNullable<typeof task.compare>)(first, second)),
  };
}
