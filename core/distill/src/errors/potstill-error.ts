// Errors as records. Printing them is the CLI's business.
import type { ErrorCodeName } from './codes.js';

/** Where in a file; line and column from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Columns that the marker covers. */
  readonly length?: number;
}

export interface ErrorRecord {
  readonly code: ErrorCodeName;
  /** What was wrong: what was found, and where. */
  readonly message: string;
  /** What would be right. */
  readonly hint?: string;
  readonly location?: SourceLocation;
  /** Path in the recipe, as `losses.0.temperature`. Components begin theirs with a dot: `.temperature` is their own option of that name; see `aboutOption`. */
  readonly path?: string;
  /** The source lines around the location, with the marker. */
  readonly frame?: string;
  /** What is accepted instead: all of it when the list is short, else the nearest. */
  readonly allowed?: readonly string[];
  /** How many there are, when `allowed` holds the nearest only. */
  readonly allowedCount?: number;
  /** Who says what is accepted: a plugin and its version. */
  readonly from?: string;
}

function isOne(records: ErrorRecord | readonly ErrorRecord[]): records is ErrorRecord {
  return !Array.isArray(records);
}

/** One or more problems that stop what was asked for. `records` is never empty. */
export class PotstillError extends Error {
  override readonly name = 'PotstillError';
  readonly records: readonly [ErrorRecord, ...ErrorRecord[]];

  constructor(
    records: ErrorRecord | readonly [ErrorRecord, ...ErrorRecord[]],
    options?: { readonly cause?: unknown },
  ) {
    const list = isOne(records) ? ([records] as const) : records;
    super(list.map((record) => `${record.code}: ${record.message}`).join('\n'), options);
    this.records = list;
  }

  get code(): ErrorCodeName {
    return this.records[0].code;
  }
}
