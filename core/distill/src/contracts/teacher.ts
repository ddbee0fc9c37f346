// A teacher: anything that answers a batch with named tensors.
import type { Batch, HostTensors, TensorSpecs } from './tensors.js';

/** What scores of classes are: before the softmax, after it, or the logarithm of what comes after it. */
export type ScoreKind = 'logits' | 'probabilities' | 'log-probabilities';

/** Where an output comes from, so that messages can name the line of the recipe that changes it. */
export interface OutputSource {
  /** The model's own name for it. */
  readonly from: string;
  /** What the recipe says its numbers are; undefined when it says nothing. */
  readonly as?: ScoreKind | undefined;
}

export interface Teacher {
  /** `logits` (float32 [classes] an example) and whatever layers were tapped. */
  readonly outputs: TensorSpecs;
  /** Changes with the weights, the tapped outputs or the preprocessing; keys stored outputs. */
  readonly fingerprint: string;
  /** By output name, when the outputs have names of their own in a model file. */
  readonly sources?: Readonly<Record<string, OutputSource>>;
  /**
   * Class names in the order of the logits, when known. A run puts the logits in the data's order by these names, and
   * drops classes that the data do not have.
   */
  readonly labels?: readonly string[];
  /** Set by a run that reordered the logits: the model's own names, and which of them each logit is. */
  readonly reordered?: { readonly labels: readonly string[]; readonly order: readonly number[] };
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
