// A schedule: where training stands to a number (a learning rate, a loss weight).

export interface ScheduleAt {
  /** Updates made so far, from 0. */
  readonly step: number;
  /** Updates in the whole training. */
  readonly steps: number;
  /** Updates in an epoch. */
  readonly stepsPerEpoch: number;
}

/** Pure. */
export type Schedule = (at: ScheduleAt) => number;
