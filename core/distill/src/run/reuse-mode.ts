// How much of what earlier processes left a run takes over.

export interface ReuseMode {
  /** Continue in the folder of an unfinished run. `if-there`: where there is one, else start a new run. */
  readonly resume: boolean | 'if-there';
  /** Whether a complete run of the same recipe on the same data is taken instead of a new one. */
  readonly reuse: boolean;
}
