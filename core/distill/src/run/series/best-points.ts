// Which points of a rung go on to the next.
import { primaryOf } from '../../report/figures.js';
import type { Member } from './run-members.js';
import { validationOf } from './validation.js';

/**
 * The best `keep` of `points` by the mean over their runs of the figure that decides, on validation data, in the order of
 * the points. Of equally good ones the first are kept; one whose training failed comes last.
 */
export function bestPoints(points: readonly number[], members: readonly Member[], keep: number): number[] {
  const summary = members.find(({ run }) => run)?.run?.summary;
  const primary = summary && primaryOf(summary.figures, summary.primary ?? undefined);
  const sign = primary?.better === 'lower' ? 1 : -1;
  const loss = new Map(
    points.map((point) => {
      const values = members
        .filter((member) => member.point === point)
        .map(({ run }) => (run && primary ? validationOf(run, primary) : undefined) ?? NaN);
      const mean = (sign * values.reduce((sum, value) => sum + value, 0)) / values.length;
      return [point, Number.isNaN(mean) ? Infinity : mean] as const;
    }),
  );
  const of = (point: number) => loss.get(point) ?? Infinity;
  return [...points]
    .sort((a, b) => (of(a) === of(b) ? a - b : of(a) < of(b) ? -1 : 1))
    .slice(0, keep)
    .sort((a, b) => a - b);
}
