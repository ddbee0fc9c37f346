// A teacher: anything that answers a batch with named tensors.
import type { Batch, HostTensors, TensorSpecs } from './tensors.js';

export interface Teacher {
  /** `logits` (float32 [classes] an example) and whatever layers were tapped. */
  readonly outputs: TensorSpecs;
  /** Changes with the weights, the tapped outputs or the preprocessing; keys stored outputs. */
  readonly fingerprint: string;
  /** Class names in the order of the logits, when known: compared with the data's before training. */
  readonly labels?: readonly string[];
  /** Number of weights, when known. */
  readonly parameters?: number;
  /** Size of the model in bytes, when known. */
  readonly bytes?: number;
  /** Where the model comes from, when the recipe says so. */
  readonly source?: string;
  /** The model's licence, when the recipe says so. */
  readonly licence?: string;
  /** Answers every example of the batch; the outputs have the batch axis first. Errors name the offending input. */
  label(batch: Batch): Promise<HostTensors>;
  dispose(): Promise<void>;
}

/** Where teacher outputs are kept. The default keeps them in memory for the length of a run. */
export interface TeacherStore {
  /**
   * The outputs for a batch: kept ones where the key has them, else the teacher's, then kept.
   * `key` names teacher, data and preprocessing; it must change whenever the outputs would. `null` keeps nothing.
   */
  outputs(key: string | null, teacher: Teacher, batch: Batch): Promise<HostTensors>;
}
