// A figure: a number that a metric gives, and how it is read.

export interface Figure {
  /** As summaries, events and `train.select` name it: `errors`. */
  readonly name: string;
  /** As tables and charts head it: `Errors`. */
  readonly title: string;
  /** What one of them is called, for counts: `error`. Default: the title. */
  readonly singular?: string;
  /** One line for those who do not know it. */
  readonly help?: string;
  /** `count`: whole examples or events; `share`: of 1, written in percent. */
  readonly unit: 'count' | 'share' | 'nats' | 'number' | 'seconds';
  /** Null: it says nothing about quality. */
  readonly better: 'lower' | 'higher' | null;
}
