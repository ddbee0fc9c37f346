// The piece of source around an error, with a marker under what is wrong.
import { visible } from '../text/visible.js';

export interface FrameAt {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Columns under the marker; at least 1 is drawn. */
  readonly length: number;
}

const gutter = 5;

/** Columns of source that are shown; of a longer line, the part around the marker. */
const widest = 120;

/** Columns shown before the marker when the line's beginning is cut off. */
const before = 30;

/** The part of a line from column `from` on (from 0), with `…` where it is cut. */
function part(line: string, from: number): string {
  const head = from > 0 ? '…' : '';
  const rest = line.slice(from);
  return head + (rest.length > widest ? `${rest.slice(0, widest)}…` : rest);
}

/**
 * Of a source's lines three: the line before, when there is one, the line itself, and the marker. `numbers: false` leaves the line
 * numbers out, for text that is no file. The marker ends at the end of the line. Control characters are written out, and
 * of a long line only the part around the marker is shown.
 */
export function sourceFrame(lines: readonly string[], at: FrameAt, numbers = true): string {
  const line = lines[at.line - 1] ?? '';
  const from = at.column > widest - before ? at.column - 1 - before : 0;
  const row = (number: number, content: string) =>
    `${(numbers ? String(number) : '').padStart(gutter)} | ${visible(part(content, from))}`.trimEnd();
  const rows = at.line > 1 ? [row(at.line - 1, lines[at.line - 2] ?? '')] : [];
  rows.push(row(at.line, line));
  const start = at.column - 1;
  // Tabs before the marker are kept, so that it stays below its word.
  const ahead = (from > 0 ? '…' : '') + line.slice(from, start);
  const indent = visible(ahead).replace(/[^\t]/g, ' ');
  const marked = visible(line.slice(start, Math.min(start + at.length, from + widest)));
  rows.push(`${' '.repeat(gutter)} | ${indent}${'^'.repeat(Math.max(1, marked.length))}`);
  return rows.join('\n');
}
