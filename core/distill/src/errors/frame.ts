// The piece of source around an error, with a marker under what is wrong.

export interface FrameAt {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Columns under the marker; at least 1 is drawn. */
  readonly length: number;
}

const gutter = 5;

/**
 * Three lines: the line before, when there is one, the line itself, and the marker. `numbers: false` leaves the line
 * numbers out, for text that is no file. The marker ends at the end of the line.
 */
export function sourceFrame(text: string, at: FrameAt, numbers = true): string {
  const lines = text.split(/\r?\n/);
  const line = lines[at.line - 1] ?? '';
  const row = (number: number, content: string) =>
    `${(numbers ? String(number) : '').padStart(gutter)} | ${content}`.trimEnd();
  const rows = at.line > 1 ? [row(at.line - 1, lines[at.line - 2] ?? '')] : [];
  rows.push(row(at.line, line));
  const room = Math.max(1, line.length - at.column + 1);
  // Tabs before the marker are kept, so that it stays below its word.
  const indent = line.slice(0, at.column - 1).replace(/[^\t]/g, ' ');
  rows.push(`${' '.repeat(gutter)} | ${indent}${'^'.repeat(Math.max(1, Math.min(at.length, room)))}`);
  return rows.join('\n');
}
