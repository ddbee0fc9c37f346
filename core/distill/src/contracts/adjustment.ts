// An adjustment: a change of the trained student's weights, chosen on validation data.
import type { Section } from './report.js';
import type { DataDescription, IndexedDataset } from './dataset.js';
import type { Student } from './student.js';
import type { Batch, HostTensors } from './tensors.js';

export interface AdjustInput {
  /** Its variables are what an adjustment changes. */
  readonly student: Student;
  readonly data: DataDescription;
  /** What the student was trained on, before transforms; its `sampling` says how often each example was drawn. Undefined for a stream. */
  readonly training: IndexedDataset | undefined;
  /** The validation data, from the beginning at each call. */
  validation(): AsyncIterable<Batch>;
  /** The student with its weights as they are now; later changes are not seen. Dispose of it. */
  predictor(): Promise<AdjustPredictor>;
}

export interface AdjustPredictor {
  /** All outputs of the student. */
  run(batch: Batch): Promise<HostTensors>;
  dispose(): Promise<void>;
}

export interface Adjusted {
  /** What was done, for the log: `T = 1.83, calibration error 4.1 % before, 1.2 % after`. */
  readonly words: string;
  /** Plain data for `summary.json`. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What an adjustment did to the figures. Null: not known. */
export interface AdjustmentReport extends Adjusted {
  /** The component's name. */
  readonly kind: string;
  /** Figures on the data of the report, without and with all adjustments. */
  readonly before: Readonly<Record<string, number | null>>;
  readonly after: Readonly<Record<string, number | null>>;
}

export interface Adjustment {
  /** Called once, after training, with the best weights in the student. Leaves the changed weights there. */
  apply(at: AdjustInput): Promise<Adjusted>;
  /** A section of the report. */
  section?(report: AdjustmentReport): Section;
}
