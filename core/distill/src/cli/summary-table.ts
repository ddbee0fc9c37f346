// The closing table of a run: teacher and those that it is made of, student alone, distilled student, and what their difference is worth.
import type { Figure } from '../contracts/index.js';
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
const digits: Write = () => (value) => value.toPrecision(4);

/** In the unit of the smallest, so that no digit of it is lost. */
const bytes: Write = (known) =>
  Math.min(...known) < 1e6
    ? (value) => `${decimals(value / 1e3, 1)} kB`
    : (value) => `${decimals(value / 1e6, 2)} MB`;

const milliseconds: Write = (known) => {
  const places = Math.min(...known) < 0.1 ? 3 : 2;
  return (value) => `${decimals(value, places)} ms`;
};

interface Column {
  readonly name: string;
  readonly write: Write;
  readonly read: (model: ModelSummary) => number | null;
}

const sizes: readonly Column[] = [
  { name: 'parameters', write: count, read: ({ parameters }) => parameters },
  { name: 'size', write: bytes, read: (model) => model.bytes },
  { name: 'latency', write: milliseconds, read: ({ latencyMs }) => latencyMs },
];

const writers: Readonly<Record<Figure['unit'], Write>> = {
  count,
  share,
  nats: digits,
  number: digits,
  seconds: digits,
};

/** The columns of the task: figures that were measured. */
function figureColumns({ columns, figures }: Summary): Column[] {
  return columns.flatMap((name) => {
    const figure = figures.find((each) => each.name === name);
    if (!figure) return [];
    return [{ name, write: writers[figure.unit], read: (model) => model.figures[name] ?? null }];
  });
}

/** One column with its heading; undefined when no model has a number for it. */
function cellsOf(models: readonly ModelSummary[], { name, write, read }: Column) {
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
 * a dash. `latency` is that of one example.
 */
export function summaryTable(summary: Summary): string {
  const { teacher, teachers = {}, baseline, student, verdict } = summary;
  const alone = teacher === null && baseline === null;
  const rows: readonly (readonly [string, ModelSummary | null])[] = [
    ['teacher', teacher],
    ...Object.entries(teachers).map(([name, model]) => [`teacher ${name}`, model] as const),
    ['student alone', baseline],
    [alone ? 'student' : 'distilled', student],
  ];
  const named = rows.flatMap(([name, model]) => (model ? [{ name, model }] : []));
  const models = named.map(({ model }) => model);
  const shown = [
    pad([`on ${summary.evaluatedOn} data`, ...named.map(({ name }) => name)], 'padEnd'),
    ...[...figureColumns(summary), ...sizes].flatMap((each) => {
      const cells = cellsOf(models, each);
      return cells ? [pad(cells, 'padStart')] : [];
    }),
  ];
  const lines = (shown[0] ?? []).map((_, row) => shown.map((cells) => cells[row]).join('  '));
  return [...lines, ...(verdict?.claim ? ['', verdict.claim] : [])].join('\n');
}
