// What a table file gives: chunks of rows, so that no file has to fit in memory as text.
import type { Cell } from './cell.js';

/** Rows of a file, in order. */
export interface Chunk {
  readonly rows: number;
  /** The values of a column; undefined where no row of the chunk has it. */
  column(name: string): ArrayLike<Cell> | undefined;
  /** Line of the file in which a row of the chunk begins, from 1; for text files. */
  readonly lines?: ArrayLike<number>;
}

/** A file that is open for reading. */
export interface TableSource {
  /** As messages show it. */
  readonly path: string;
  /** Names of the columns; of JSON lines, those of the first row. */
  readonly columns: readonly string[];
  /** Whether every row has all columns, so that an unknown name is a mistake before anything is read. */
  readonly fixed: boolean;
  /** Numbers come as text. */
  readonly untyped: boolean;
  /** The rows with at least these columns. Call once. */
  chunks(wanted: readonly string[]): AsyncIterable<Chunk>;
}

/** Rows of a chunk where a reader can choose. */
export const chunkRows = 8192;
