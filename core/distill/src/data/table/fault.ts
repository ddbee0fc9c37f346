// Errors about a table: which file, which row, which column.
import { PotstillError } from '../../errors/potstill-error.js';
import { visibleLine } from '../../text/visible.js';

/** A place in a table. Rows count from 1, without a header; lines of the file from 1. */
export interface Place {
  readonly path: string;
  readonly row?: number;
  readonly line?: number | undefined;
  readonly column?: string;
}

/** `prices.csv: row 3 (line 4), column \`area\``. */
export function placeText({ path, row, line, column }: Place): string {
  const rowWords = row === undefined ? '' : `row ${row}${line === undefined ? '' : ` (line ${line})`}`;
  const columnWords = column === undefined ? '' : `column \`${visibleLine(column)}\``;
  const words = [rowWords, columnWords].filter((part) => part !== '').join(', ');
  return words === '' ? path : `${path}: ${words}`;
}

/** `DATA_DAMAGED` at a place. `problem` goes on from it: `is \`abc\`, not a number`. */
export function damagedAt(place: Place, problem: string, hint: string): PotstillError {
  return new PotstillError({ code: 'DATA_DAMAGED', message: `${placeText(place)}: ${problem}`, hint });
}
