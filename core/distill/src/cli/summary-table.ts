// The closing table of a run: teacher, student alone, distilled student, and what their difference is worth.
import { percent } from '../text/quantities.js';
import type { ModelSummary, Summary } from '../run/summary.js';

const dash = '-';

/** Writes the numbers of one column, in one unit and with one number of decimals. */
type Write = (known: readonly number[]) => (value: number) => string;

function decimals(value: number, places: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
}

const count: Write = () => (value) => decimals(value, 0);
const share: Write = () => (value) => percent(value);

/** In the unit of the smallest, so that no digit of it is lost. */
const bytes: Write = (known) =>
  Math.min(...known) < 1e6
    ? (value) => `${decimals(value / 1e3, 1)} kB`
    : (value) => `${decimals(value / 1e6, 2)} MB`;

const milliseconds: Write = (known) => {
  const places = Math.min(...known) < 0.1 ? 3 : 2;
  return (value) => `${decimals(value, places)} ms`;
};

const columns: readonly (readonly [string, Write, (model: ModelSummary) => number | null])[] = [
  ['errors', count, ({ errors }) => errors],
  ['accuracy', share, ({ accuracy }) => accuracy],
  ['agreement', share, ({ agreement }) => agreement],
  ['parameters', count, ({ parameters }) => parameters],
  ['size', bytes, (model) => model.bytes],
  ['latency', milliseconds, ({ latencyMs }) => latencyMs],
];

/** One column with its heading; undefined when no model has a number for it. */
function column(models: readonly ModelSummary[], [name, write, read]: (typeof columns)[number]) {
  const values = models.map(read);
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return undefined;
  const text = write(known);
  return [name, ...values.map((value) => (value === null ? dash : text(value)))];
}

function pad(cells: readonly string[], side: 'padStart' | 'padEnd'): string[] {
  const width = Math.max(...cells.map((cell) => cell.length));
  return cells.map((cell) => cell[side](width));
}

/**
 * Rows of equal width, then the verdict. Columns without any number are left out; a single number that is not known is
 * a dash. `agreement` is with the teacher, `latency` that of one example.
 */
export function summaryTable(summary: Summary): string {
  const { teacher, baseline, student, verdict } = summary;
  const alone = teacher === null && baseline === null;
  const rows: readonly (readonly [string, ModelSummary | null])[] = [
    ['teacher', teacher],
    ['student alone', baseline],
    [alone ? 'student' : 'distilled', student],
  ];
  const named = rows.flatMap(([name, model]) => (model ? [{ name, model }] : []));
  const models = named.map(({ model }) => model);
  const shown = [
    pad([`on ${summary.evaluatedOn} data`, ...named.map(({ name }) => name)], 'padEnd'),
    ...columns.flatMap((each) => {
      const cells = column(models, each);
      return cells ? [pad(cells, 'padStart')] : [];
    }),
  ];
  const lines = (shown[0] ?? []).map((_, row) => shown.map((cells) => cells[row]).join('  '));
  return [...lines, ...(verdict?.claim ? ['', verdict.claim] : [])].join('\n');
}
