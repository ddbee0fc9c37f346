// What a check before training found. Refusals are thrown, not returned.

export interface Finding {
  readonly level: 'ok' | 'warning';
  /** The code of a warning, or what was looked at. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}
