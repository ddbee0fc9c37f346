// A teacher: anything that answers a batch with named tensors.
import type { GraphTeacher } from './graph-teacher.js';
import type { Batch, HostTensors, TensorSpecs } from './tensors.js';

/**
 * What scores of classes are: before the softmax, after it, the logarithm of what comes after it, or each a probability of
 * its own.
 */
export type ScoreKind = 'logits' | 'probabilities' | 'log-probabilities' | 'sigmoid';

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
  /** What a task did to its answers, in words for people. */
  readonly remarks?: readonly string[];
  /** Set by a run that reordered the logits: the model's own names, and which of them each logit is. */
  readonly reordered?: { readonly labels: readonly string[]; readonly order: readonly number[] };
  /** False where its answers were computed elsewhere: there is nothing to run and to measure the time of. */
  readonly live?: false;
  /** Parts of the data that it can answer about; default: all. */
  readonly parts?: readonly string[];
  /** Set where its answers are made of those of other teachers: stores keep theirs. */
  readonly combination?: Combination;
  /** Teachers that it is made of and that mean something alone, by name: they are measured beside it. Absent where there are none. */
  readonly members?: Readonly<Record<string, TeacherMember>>;
  /** Set where training computes its answers in the step; `label` then answers by the weights that its variables have. */
  readonly graph?: GraphTeacher;
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

/**
 * How a teacher's answers are made of those of others. Training keeps the members' answers apart, so that combining them in
 * another way asks nobody anew.
 */
export interface Combination {
  readonly members: Readonly<Record<string, Teacher>>;
  /** Outputs that each member must give so that there are the teacher's `outputs`; members that are not needed are left out. */
  needs(outputs: readonly string[]): Readonly<Record<string, readonly string[]>>;
  /** All of the teacher's outputs that can be made of these answers. May differ from batch to batch (random members). */
  combine(answers: Readonly<Record<string, HostTensors>>, batch: Batch): HostTensors;
}

/** One of the teachers that a teacher is made of. The teacher's output `NAME/OUTPUT` is what its member NAME answers, as it is. */
export interface TeacherMember {
  /** Outputs of {@link alone}. */
  readonly outputs: TensorSpecs;
  /** Number of weights, when known. */
  readonly parameters?: number | undefined;
  /** Size of the model in bytes, when known. */
  readonly bytes?: number | undefined;
  /** Its own answers, some or all, as if it were the whole teacher: scores in the classes of the teacher. */
  alone(answers: HostTensors): HostTensors;
}

/** A teacher's answers about one data set. */
export interface AnswersRequest {
  /**
   * Names teacher, data and preprocessing; it changes whenever the answers would. `null`: an example does not look the
   * same twice, so nothing is kept.
   */
  readonly key: string | null;
  /** All its outputs are read. */
  readonly teacher: Teacher;
  /** Examples of the data set. */
  readonly size: number;
}

/** What an encoding of kept answers costs: KL divergence, given to kept, of the softmax at T = 1. */
export interface EncodingCost {
  /** Mean, nats. */
  readonly mean: number;
  /** The largest. */
  readonly largest: number;
  /** Distributions looked at. */
  readonly count: number;
}

/** One output that is kept. */
export interface KeptOutput {
  readonly output: string;
  /** `float32`, `float16`, `int8`, `top-20`. */
  readonly encoding: string;
  /** Measured on the first examples; undefined where the encoding is exact or nothing was kept yet. */
  readonly cost?: EncodingCost;
}

/** Answers of a teacher: those that are kept, and the teacher's own where none are. */
export interface Answers {
  /** All outputs for a batch, the batch axis first. What is not kept is asked for and then kept. */
  read(batch: Batch): Promise<HostTensors>;
  /** Asks for what is not kept of a batch, and keeps it. */
  fill(batch: Batch): Promise<void>;
  /** Examples from `from` up to `to` that are not kept, here or by another process. */
  missing(from: number, to: number): Promise<readonly number[]>;
  /** Says that this process fills the block from `from` on; false where another has said so and not finished. */
  begin(from: number): boolean;
  /** False where each batch goes to the teacher: asking ahead is of no use. */
  readonly keeps: boolean;
  /** Examples are filled in blocks of so many, beginning at 0: what is left half full by a kill is lost. */
  readonly block: number;
  /** How outputs are kept. Empty where none are. */
  readonly kept: readonly KeptOutput[];
  close(): Promise<void>;
}

/** Where a teacher's answers are kept: on disk by default, shared by all runs of a runs folder. */
export interface TeacherStore {
  open(request: AnswersRequest): Promise<Answers>;
}
