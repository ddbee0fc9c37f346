// A metric: streaming, over the batches of an evaluation.
import type { Batch, HostTensors } from './tensors.js';

export interface MetricInputs {
  readonly student: HostTensors;
  /** Absent when the model under evaluation has no teacher. */
  readonly teacher?: HostTensors;
  readonly batch: Batch;
}

/** A number, or something for the report to draw. */
export type MetricValue =
  | number
  | { readonly kind: 'matrix'; readonly rows: readonly (readonly number[])[] }
  | {
      readonly kind: 'bins';
      readonly bins: readonly {
        readonly from: number;
        readonly to: number;
        readonly count: number;
        readonly confidence: number;
        readonly accuracy: number;
      }[];
    };

export interface Metric {
  /** True when it compares with a teacher and cannot be had without one. */
  readonly needsTeacher: boolean;
  /** Which way its values are better, by name, for `train.select`. Default: by the name (errors and losses lower, others higher). */
  readonly better?: Readonly<Record<string, 'lower' | 'higher'>>;
  update(at: MetricInputs): void;
  /** Values by name, such as `{ accuracy, errors }`. NaN where nothing was seen. */
  result(): Readonly<Record<string, MetricValue>>;
  reset(): void;
}
