// CSV files: RFC 4180 with any delimiter, read in chunks. https://csv.js.org/parse/
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { TextDecoder } from 'node:util';
import { CsvError, parse, type Parser } from 'csv-parse';
import { PotstillError } from '../../errors/potstill-error.js';
import { damagedAt } from './fault.js';
import { chunkRows, type Chunk, type TableSource } from './source.js';

export interface CsvOptions {
  readonly delimiter: string;
  /** The file's first row, none (columns are then named 1, 2, …), or the names themselves. */
  readonly header: boolean | readonly string[];
}

interface CsvRow {
  readonly record: readonly string[];
  /** Line in which it ends. */
  readonly info: { readonly lines: number };
}

/**
 * Opens a CSV file in UTF-8, with or without a byte order mark. Fields in double quotes may hold delimiters, line feeds
 * and doubled quotes.
 * @throws PotstillError DATA_DAMAGED where a row has another number of fields, a quote is not closed, or the text is not
 * UTF-8; it names the line.
 */
export async function openCsv(file: string, options: CsvOptions): Promise<TableSource> {
  const path = basename(file);
  const rows = readRows(file, path, options.delimiter)[Symbol.asyncIterator]();
  const first = await rows.next();
  if (first.done) throw new PotstillError({ code: 'DATA_EMPTY', message: `${path} is empty` });
  const { header } = options;
  const inFile = first.value.record;
  const columns = header === true ? inFile : header === false ? inFile.map((_, i) => String(i + 1)) : header;
  checkHeader(path, columns, inFile.length);
  return {
    path,
    columns,
    fixed: true,
    untyped: true,
    async *chunks() {
      let pending: CsvRow[] = header === true ? [] : [first.value];
      for (;;) {
        const next = await rows.next();
        if (next.done) break;
        pending.push(next.value);
        if (pending.length === chunkRows) {
          yield chunkOf(pending, columns);
          pending = [];
        }
      }
      if (pending.length > 0) yield chunkOf(pending, columns);
    },
  };
}

function checkHeader(path: string, columns: readonly string[], fields: number): void {
  if (columns.length !== fields)
    throw damagedAt(
      { path },
      `has ${fields} columns, and \`header\` names ${columns.length}`,
      'Give a name for each column, or another `delimiter`.',
    );
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined)
    throw damagedAt(
      { path, column: twice },
      'two columns have this name',
      'Name the columns in `header:`, or set `header: false` where the file has none.',
    );
}

function chunkOf(rows: readonly CsvRow[], columns: readonly string[]): Chunk {
  return {
    rows: rows.length,
    lines: rows.map(({ record, info }) => info.lines - lineFeeds(record)),
    column(name) {
      const at = columns.indexOf(name);
      return at < 0 ? undefined : rows.map(({ record }) => record[at] ?? '');
    },
  };
}

/** A row that ends in line n and holds m line feeds begins in line n - m. */
function lineFeeds(record: readonly string[]): number {
  let count = 0;
  for (const field of record) if (field.includes('\n')) count += field.split('\n').length - 1;
  return count;
}

async function* readRows(file: string, path: string, delimiter: string): AsyncGenerator<CsvRow, void, void> {
  const parser: Parser = parse({
    delimiter,
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: false,
  });
  const feeding = feed(file, path, parser);
  try {
    for await (const row of parser) yield row as CsvRow;
    await feeding;
  } catch (error) {
    throw readable(error, path, delimiter);
  } finally {
    parser.destroy();
    await feeding.catch(() => undefined);
  }
}

/** Text of the file into the parser, no faster than it takes it. */
async function feed(file: string, path: string, parser: Parser): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const stream = createReadStream(file);
  try {
    for await (const bytes of stream) {
      if (parser.destroyed) return;
      const text = decode(decoder, bytes as Buffer, path);
      if (!parser.write(text)) await drained(parser);
    }
    parser.write(decode(decoder, undefined, path));
    parser.end();
  } catch (error) {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    stream.destroy();
  }
}

function decode(decoder: TextDecoder, bytes: Buffer | undefined, path: string): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw damagedAt({ path }, 'is not UTF-8 text', 'Save it in UTF-8.');
  }
}

function drained(parser: Parser): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      parser.off('drain', done).off('close', done);
      resolve();
    };
    parser.on('drain', done).on('close', done);
  });
}

function readable(error: unknown, path: string, delimiter: string): unknown {
  if (!(error instanceof CsvError)) return error;
  const { lines } = error as CsvError & { readonly lines?: number };
  const place = { path: lines === undefined ? path : `${path}: line ${lines}` };
  if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
    const { record } = error as CsvError & { readonly record?: readonly string[] };
    return damagedAt(
      place,
      `has ${record?.length ?? 'another number of'} fields, the first row has more or fewer`,
      `Every row needs the same number of fields, separated by \`${delimiter}\`; a field that holds one goes in double quotes.`,
    );
  }
  return damagedAt(
    place,
    error.message,
    'Fields with quotes, delimiters or line feeds go in double quotes, and quotes inside are doubled.',
  );
}
