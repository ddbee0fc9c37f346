// From table files to columns in memory: only what is asked for, each value checked where its place is still known.
import { didYouMean, allowedWords } from '../../errors/suggest.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { className } from '../classes.js';
import { cellText, type Cell } from './cell.js';
import { damagedAt, placeText, type Place } from './fault.js';
import type { Chunk, TableSource } from './source.js';
import { NameBuilder, NumberBuilder, TextBuilder, type StoredColumn } from './stored.js';

/** What values of a column are taken for. */
export type ColumnKind = StoredColumn['kind'];

/** A column that is read. */
export interface WantedColumn {
  readonly column: string;
  readonly as: ColumnKind;
  /** What a missing value means: an error, a value that is not there, or a row that is left out. */
  readonly missing: 'error' | 'keep' | 'skip';
  /** The option that names the column, as messages call it. */
  readonly option: string;
}

export interface TableOptions {
  /** Texts that stand for a missing value. */
  readonly na: readonly string[];
}

export interface Table {
  readonly rows: number;
  /** As read for a wanted column. */
  stored(wanted: Pick<WantedColumn, 'column' | 'as'>): StoredColumn;
  /** Where a row was read. */
  placeOf(row: number, column?: string): Place;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

interface Builder {
  readonly wanted: WantedColumn;
  add(value: Cell): void;
  done(): StoredColumn;
}

const keyOf = ({ column, as }: Pick<WantedColumn, 'column' | 'as'>) => `${as} ${column}`;

/**
 * Reads files one after another as one table.
 * @throws PotstillError RECIPE_BAD_VALUE where a file lacks a column, DATA_DAMAGED where a value is missing or of another
 * kind, with its file, row and column.
 */
export async function readTable(
  sources: readonly TableSource[],
  wanted: readonly WantedColumn[],
  options: TableOptions,
): Promise<Table> {
  const unique = new Map(wanted.map((each) => [keyOf(each), each]));
  const builders = new Map([...unique].map(([key, each]) => [key, builderOf(each)]));
  const na = new Set(options.na);
  const skipped: { path: string; reason: string }[] = [];
  const origins: { readonly path: string; readonly from: number; readonly kept: Int32Array }[] = [];
  let rows = 0;
  for (const source of sources) {
    if (source.fixed) refuseUnknown(source, wanted, new Set(source.columns));
    const kept: number[] = [];
    const seen = new Set<string>();
    let begun = 0;
    for await (const chunk of source.chunks([...new Set(wanted.map(({ column }) => column))])) {
      const reading = [...builders.values()].map((builder) => ({
        builder,
        cells: cellsOf(chunk, builder.wanted, seen),
      }));
      // A name that no row has is a mistake of the recipe, not of its first row.
      const strict = wanted.filter(({ missing }) => missing === 'error');
      if (begun === 0 && chunk.rows > 0) refuseUnknown(source, strict, seen);
      for (let row = 0; row < chunk.rows; row++) {
        const at = (column: string): Place => ({
          path: source.path,
          row: begun + row + 1,
          column,
          line: chunk.lines?.[row],
        });
        const values = reading.map(({ builder, cells }) =>
          convert(cells?.[row] ?? null, builder.wanted, na, source.untyped, at),
        );
        const dropped = values.findIndex(
          (value, i) => value === null && reading[i]?.builder.wanted.missing === 'skip',
        );
        if (dropped >= 0) {
          const { column = '' } = reading[dropped]?.builder.wanted ?? {};
          skipped.push({ path: placeText({ ...at(column) }), reason: 'is empty' });
          continue;
        }
        reading.forEach(({ builder }, i) => builder.add(values[i] ?? null));
        kept.push(begun + row);
        rows++;
      }
      begun += chunk.rows;
    }
    if (!source.fixed && begun > 0) refuseUnknown(source, wanted, seen);
    origins.push({ path: source.path, from: rows - kept.length, kept: Int32Array.from(kept) });
  }
  const stored = new Map([...builders].map(([key, builder]) => [key, builder.done()]));
  return {
    rows,
    skipped,
    stored(asked) {
      const found = stored.get(keyOf(asked));
      if (!found) throw new Error(`internal: the column ${asked.column} was not read as ${asked.as}`);
      return found;
    },
    placeOf(row, column) {
      const origin = origins.findLast(({ from }) => from <= row);
      if (!origin) throw new Error(`internal: row ${row} of a table of ${rows}`);
      const inFile = (origin.kept[row - origin.from] ?? 0) + 1;
      return { path: origin.path, row: inFile, ...(column === undefined ? {} : { column }) };
    },
  };
}

function cellsOf(chunk: Chunk, { column }: WantedColumn, seen: Set<string>): ArrayLike<Cell> | undefined {
  const cells = chunk.column(column);
  if (cells) seen.add(column);
  return cells;
}

function refuseUnknown(
  source: TableSource,
  wanted: readonly WantedColumn[],
  known: ReadonlySet<string>,
): void {
  const unknown = wanted.find(({ column }) => !known.has(column));
  if (!unknown) return;
  const names = [...new Set([...source.columns, ...known])];
  const meant = didYouMean(unknown.column, names);
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `${source.path} has no column \`${unknown.column}\``,
    path: `.${unknown.option}`,
    ...(meant === undefined ? {} : { hint: `did you mean \`${meant}\`?` }),
    ...allowedWords(unknown.column, names),
  });
}

function builderOf(wanted: WantedColumn): Builder {
  if (wanted.as === 'number') {
    const numbers = new NumberBuilder();
    return { wanted, add: (value) => numbers.add(value as number | null), done: () => numbers.done() };
  }
  const texts = wanted.as === 'name' ? new NameBuilder() : new TextBuilder();
  return { wanted, add: (value) => texts.add(value as string | null), done: () => texts.done() };
}

/** What a decimal number looks like in a text file. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function convert(
  cell: Cell,
  { column, as, missing, option }: WantedColumn,
  na: ReadonlySet<string>,
  untyped: boolean,
  at: (column: string) => Place,
): string | number | null {
  if (
    cell === null ||
    (typeof cell === 'string' && na.has(cell)) ||
    (typeof cell === 'number' && isNaN(cell))
  ) {
    if (missing !== 'error') return null;
    throw damagedAt(
      at(column),
      'has no value',
      option.startsWith('target')
        ? 'Set `missing: skip` at the target to leave such rows out, or `missing: unlabelled` to train on them without a label.'
        : 'Set `missing: mean` or `missing: indicator`, or leave the column out.',
    );
  }
  if (as === 'number') return numberOf(cell, untyped) ?? wrongKind(cell, at(column), 'number');
  if (typeof cell === 'object') return wrongKind(cell, at(column), as);
  const text = typeof cell === 'string' ? cell : String(cell);
  return as === 'name' ? className(text) : text;
}

function numberOf(cell: Exclude<Cell, null>, untyped: boolean): number | undefined {
  const value =
    typeof cell === 'string'
      ? untyped && decimal.test(cell.trim())
        ? Number(cell)
        : NaN
      : typeof cell === 'object'
        ? NaN
        : Number(cell);
  return Number.isFinite(value) ? value : undefined;
}

const kindWords = { number: 'a number', name: 'a name', text: 'a text' } as const;

function wrongKind(cell: Cell, place: Place, as: ColumnKind): never {
  const hint =
    as === 'number'
      ? `If ${cellText(cell)} stands for a missing value, add it to \`na\`; if the column holds names, write \`{ column: ${place.column ?? ''}, as: category }\`.`
      : 'Columns of lists, maps and dates cannot be read: give them as plain columns.';
  throw damagedAt(place, `${cellText(cell)} is not ${kindWords[as]}`, hint);
}
