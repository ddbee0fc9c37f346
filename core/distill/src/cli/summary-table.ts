// The closing table of a run: teacher, student alone, distilled student.
import { bytes, percent } from '../text/quantities.js';
import type { ModelSummary, Summary } from '../run/summary.js';

const dash = '-';
const known = (value: number | null, text: (value: number) => string) =>
  value === null ? dash : text(value);
const whole = (count: number) => Math.round(count).toLocaleString('en');

const columns: readonly (readonly [string, (model: ModelSummary) => string])[] = [
  ['errors', ({ errors }) => known(errors, whole)],
  ['accuracy', ({ accuracy }) => known(accuracy, percent)],
  ['agreement', ({ agreement }) => known(agreement, percent)],
  ['parameters', ({ parameters }) => known(parameters, whole)],
  ['size', (model) => known(model.bytes, bytes)],
  ['latency', ({ latencyMs }) => known(latencyMs, (value) => `${value.toFixed(2)} ms`)],
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
