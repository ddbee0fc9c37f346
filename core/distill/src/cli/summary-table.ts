// The closing table of a run: teacher, student alone, distilled student.
import type { ModelSummary, Summary } from '../run/summary.js';

const dash = '-';
const percent = (share: number | null) => (share === null ? dash : `${(100 * share).toFixed(2)} %`);
const whole = (count: number | null) => (count === null ? dash : Math.round(count).toLocaleString('en'));

function bytes(count: number | null): string {
  if (count === null) return dash;
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(2)} MB`;
}

const columns: readonly (readonly [string, (model: ModelSummary) => string])[] = [
  ['errors', ({ errors }) => whole(errors)],
  ['accuracy', ({ accuracy }) => percent(accuracy)],
  ['agreement', ({ agreement }) => percent(agreement)],
  ['parameters', ({ parameters }) => whole(parameters)],
  ['size', (model) => bytes(model.bytes)],
  ['latency', ({ latencyMs }) => (latencyMs === null ? dash : `${latencyMs.toFixed(2)} ms`)],
];

/** Rows of equal width; what is not known is a dash. `agreement` is with the teacher, `latency` of one example. */
export function summaryTable(summary: Summary): string {
  const { teacher, baseline, student } = summary;
  const alone = teacher === null && baseline === null;
  const models: readonly (readonly [string, ModelSummary | null])[] = [
    ['teacher', teacher],
    ['student alone', baseline],
    [alone ? 'student' : 'distilled', student],
  ];
  const rows = [
    [`on ${summary.evaluatedOn} data`, ...columns.map(([name]) => name)],
    ...models.flatMap(([name, model]) => (model ? [[name, ...columns.map(([, show]) => show(model))]] : [])),
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
