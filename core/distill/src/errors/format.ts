// How errors look on a terminal and as JSON. The only place that prints them.
import { errorCodes, exitCodeOf, exitCodes } from './codes.js';
import type { ErrorRecord } from './potstill-error.js';
import { visible } from '../text/visible.js';
import { exitCodeOfError, messageOf, recordsOf } from './records.js';

export interface FormatOptions {
  /** ANSI colours. Default false. */
  readonly color?: boolean;
  /** Columns at which lists are broken. Default 100. */
  readonly width?: number;
}

type Paint = (text: string) => string;

function painter(on: boolean): Record<'bad' | 'dim' | 'bold', Paint> {
  const code =
    (open: number, close: number): Paint =>
    (text) =>
      on ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { bad: code(31, 39), dim: code(2, 22), bold: code(1, 22) };
}

function where({ location }: ErrorRecord): string | undefined {
  if (location === undefined) return undefined;
  return [location.file, location.line, location.column].filter((part) => part !== undefined).join(':');
}

/** The record with its control characters written out, so that no colours but ours reach the terminal. */
function shown(record: ErrorRecord): ErrorRecord {
  const { location, allowed } = record;
  const texts = (['message', 'hint', 'frame', 'from'] as const).flatMap((key) => {
    const text = record[key];
    return text === undefined ? [] : [[key, visible(text)] as const];
  });
  return {
    ...record,
    ...Object.fromEntries(texts),
    ...(location === undefined ? {} : { location: { ...location, file: visible(location.file) } }),
    ...(allowed === undefined ? {} : { allowed: allowed.map(visible) }),
  };
}

/** Breaks a list at `width` columns, following lines indented below its first word. */
function wrapList(label: string, words: readonly string[], tail: string, width: number): string {
  const lines: string[] = [];
  let line = `  ${label}: `;
  const indent = ' '.repeat(line.length);
  words.forEach((word, index) => {
    const piece = word + (index < words.length - 1 ? ', ' : tail);
    if (line.trim() !== '' && line !== indent && line.length + piece.trimEnd().length > width && index > 0) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += piece;
  });
  return [...lines, line].join('\n');
}

function allowedLine(record: ErrorRecord, width: number): string | undefined {
  const { allowed, allowedCount, from } = record;
  if (allowed === undefined || allowed.length === 0) return undefined;
  const source = [
    allowedCount === undefined ? undefined : `of ${allowedCount}`,
    from === undefined ? undefined : `from ${from}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
  const tail = source === '' ? '' : `   (${source})`;
  return wrapList(allowedCount === undefined ? 'allowed' : 'nearest', allowed, tail, width);
}

/** Further lines are set in, so that none of them looks like one of ours. */
const inset = (text: string) => text.replace(/\n/g, '\n  ');

/**
 * One record as text, without a closing newline:
 * code and message, place, the piece of source with marker and hint, what is allowed, where to read more.
 */
export function formatError(told: ErrorRecord, { color = false, width = 100 }: FormatOptions = {}): string {
  const paint = painter(color);
  const record = shown(told);
  const lines = [`${paint.bad(`error[${record.code}]`)}: ${paint.bold(inset(record.message))}`];
  const place = where(record);
  if (place !== undefined) lines.push(paint.dim(`  --> ${place}`));
  const hint = record.hint;
  if (record.frame !== undefined) {
    const rows = record.frame.split('\n');
    const marker = rows.pop() ?? '';
    lines.push(...rows.map(paint.dim), paint.bad(hint === undefined ? marker : `${marker} ${hint}`));
  } else if (hint !== undefined) {
    lines.push(`  hint: ${hint}`);
  }
  const allowed = allowedLine(record, width);
  if (allowed !== undefined) lines.push(allowed);
  lines.push(paint.dim(`  help: potstill explain ${record.code}`));
  return lines.join('\n');
}

/** Errors that are printed; `--json` has all. */
const mostShown = 50;

/**
 * A thrown value as text: its records, the messages of its causes, and how many there were.
 * A user's or plugin's error has no stack; a bug of ours has, and asks for a report.
 */
export function formatErrors(error: unknown, options: FormatOptions = {}): string {
  const records = recordsOf(error);
  const parts = records.slice(0, mostShown).map((record) => formatError(record, options));
  const causes: string[] = [];
  const told = records.map(({ message }) => message);
  for (
    let cause = error instanceof Error ? error.cause : undefined;
    cause !== undefined;
    cause = cause instanceof Error ? cause.cause : undefined
  ) {
    // What an error says of its cause itself is not said twice.
    const text = messageOf(cause);
    if (!told.some((each) => each.includes(text))) causes.push(`  caused by: ${visible(text)}`);
    told.push(text);
  }
  if (causes.length > 0) parts.push(causes.join('\n'));
  if (exitCodeOfError(error) === exitCodes.internal) {
    const stack = error instanceof Error ? error.stack : undefined;
    parts.push(
      [`  ${errorCodes.INTERNAL.help}`, ...(stack === undefined ? [] : [visible(stack)])].join('\n'),
    );
  }
  if (records.length > 1) {
    const more = records.length > mostShown ? `, of which the first ${mostShown} are shown` : '';
    parts.push(`${records.length.toLocaleString('en')} errors${more}`);
  }
  return parts.join('\n\n');
}

/** The records of a thrown value as `--json` prints them: one object, with the exit code. */
export function errorJson(error: unknown): {
  readonly event: 'error';
  readonly exitCode: number;
  readonly errors: readonly (ErrorRecord & { readonly exitCode: number })[];
} {
  const records = recordsOf(error);
  return {
    event: 'error',
    exitCode: exitCodeOfError(error),
    errors: records.map((record) => ({ ...record, exitCode: exitCodeOf(record.code) })),
  };
}
