// A metric: streaming, over the batches of an evaluation.
import type { Figure } from './figure.js';
import type { SectionBuilder } from './report.js';
import type { Batch, HostTensors } from './tensors.js';

export interface MetricInputs {
  /** Outputs of the model under evaluation; at least those that the metric needs. */
  readonly model: HostTensors;
  /** Outputs of its teacher. Empty where the metric needs none. */
  readonly teacher: HostTensors;
  readonly batch: Batch;
}

/** The tensors that a metric reads: nothing else is computed for it. Checked before anything runs. */
export interface MetricNeeds {
  readonly model: readonly string[];
  /** With one or more the metric compares with a teacher, and is left out where there is none. */
  readonly teacher: readonly string[];
  readonly batch: readonly string[];
}

/** A number for each example, from which the chance of a difference between two models is computed. */
export interface PerExample {
  /** The figures that these numbers add up to: two models that differ in one differ in all. */
  readonly figures: readonly string[];
  readonly better: 'lower' | 'higher';
  /** In the order seen. NaN: the example does not count. */
  readonly values: Float64Array;
}

export interface Metric {
  readonly needs: MetricNeeds;
  /** Every number that {@link result} gives. */
  readonly figures: readonly Figure[];
  update(at: MetricInputs): void | Promise<void>;
  /** A number for each figure, once all batches are seen. NaN where nothing was seen. */
  result(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** Matrices, bins, curves and the like, by name, for sections of the report. */
  artefacts?(): Readonly<Record<string, unknown>>;
  perExample?(): PerExample | undefined;
  /** Sections of the report that draw what this metric found. */
  readonly sections?: readonly SectionBuilder[];
  /** Forgets what was seen. Called before each evaluation. */
  reset(): void;
}

/** What was measured of one model on one data set. */
export interface Evaluation {
  /** Number of examples seen. */
  readonly count: number;
  /** Index of each example in its data set, in the order seen. */
  readonly indices: Int32Array;
  readonly figures: Readonly<Record<string, number>>;
  readonly artefacts: Readonly<Record<string, unknown>>;
  /** By figure. */
  readonly perExample: Readonly<Record<string, PerExample>>;
}
