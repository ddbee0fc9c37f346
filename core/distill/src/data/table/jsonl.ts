// JSON lines: one map a line, read in chunks.
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Cell } from './cell.js';
import { damagedAt } from './fault.js';
import { chunkRows, type Chunk, type TableSource } from './source.js';

type Row = Readonly<Record<string, Cell>>;

/**
 * Opens a file with a JSON map on each line; empty lines are passed over. A key that a row lacks is a missing value.
 * @throws PotstillError DATA_DAMAGED where a line is no JSON map; it names the line.
 */
export async function openJsonl(file: string): Promise<TableSource> {
  const path = basename(file);
  const rows = readRows(file, path)[Symbol.asyncIterator]();
  const first = await rows.next();
  return {
    path,
    columns: first.done ? [] : Object.keys(first.value.row),
    fixed: false,
    untyped: false,
    async *chunks() {
      let pending: NumberedRow[] = first.done ? [] : [first.value];
      for (;;) {
        const next = await rows.next();
        if (next.done) break;
        pending.push(next.value);
        if (pending.length === chunkRows) {
          yield chunkOf(pending);
          pending = [];
        }
      }
      if (pending.length > 0) yield chunkOf(pending);
    },
  };
}

interface NumberedRow {
  readonly row: Row;
  readonly line: number;
}

function chunkOf(rows: readonly NumberedRow[]): Chunk {
  return {
    rows: rows.length,
    lines: rows.map(({ line }) => line),
    column(name) {
      let seen = false;
      const cells = rows.map(({ row }): Cell => {
        if (!Object.hasOwn(row, name)) return null;
        seen = true;
        return row[name] ?? null;
      });
      return seen ? cells : undefined;
    },
  };
}

async function* readRows(file: string, path: string): AsyncGenerator<NumberedRow, void, void> {
  const stream = createReadStream(file, 'utf8');
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  let line = 0;
  try {
    for await (const text of lines) {
      line++;
      const content = line === 1 ? text.replace(/^\uFEFF/, '') : text;
      if (content.trim() !== '') yield { row: parseRow(content, path, line), line };
    }
  } finally {
    lines.close();
    stream.destroy();
  }
}

function parseRow(text: string, path: string, line: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damagedAt(
      { path: `${path}: line ${line}` },
      `is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      'Each line is one JSON map, such as {"area": 52.5, "city": "Oslo"}.',
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  throw damagedAt(
    { path: `${path}: line ${line}` },
    'is not a map of columns',
    'Each line is one JSON map, such as {"area": 52.5, "city": "Oslo"}.',
  );
}
