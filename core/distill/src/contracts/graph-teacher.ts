// A teacher that is computed in the training step: its answers are tensors of the graph, not read from a store.
import type { NamedTensors, NamedVariable, StepContext } from '@potstill/engine';
import type { Progress } from './loss.js';
import type { Student } from './student.js';
import type { Teacher } from './teacher.js';

/** What a step has when such a teacher answers. */
export interface GraphTeacherInputs {
  /** The student's input fields, batch axis first. */
  readonly inputs: NamedTensors;
  /** What the student gives for them in this step; gradients would flow into it. */
  readonly student: NamedTensors;
  /** Answers of {@link GraphTeacher.asked} about the batch. */
  readonly asked: NamedTensors;
  readonly progress: Progress;
  /** Its random tensors are the step's own. `training` is false where the teacher is evaluated. */
  readonly at: StepContext;
}

/** Students that are trained beside the recipe's, each by the same losses, with the others as its teachers. */
export interface Peers {
  /** Before the name of each of a peer's outputs, as losses read it from the teacher: empty, or `friends/`. */
  readonly prefix: string;
  readonly students: Readonly<Record<string, Student>>;
}

export interface GraphTeacher {
  /**
   * All its weights, those of peers left out. Of frozen ones `trainable` is false. Checkpoints of a training have them as
   * `teacher/<name>`; they are not exported.
   */
  readonly variables: readonly NamedVariable[];
  /** Whether its weights never change, so that what `label` answers to an input is always the same. Default false. */
  readonly fixed?: boolean;
  /** A teacher whose answers it changes or passes on: asked beforehand and kept as any other. */
  readonly asked?: {
    readonly teacher: Teacher;
    /** What is needed of it for these outputs. */
    readonly needs: (outputs: readonly string[]) => readonly string[];
  };
  readonly peers?: Peers;
  /** Outputs that losses can read, where those are not all. */
  readonly readable?: readonly string[];
  /**
   * At least the outputs named, those of peers left out. Plain TF.js, as a student's forward pass: it may assign its own
   * variables. Whether a gradient flows back is its own choice.
   */
  forward(at: GraphTeacherInputs, outputs: readonly string[]): NamedTensors;
  /** Forgets what was computed from other weights than its variables, and the student's, have now. */
  refresh?(): Promise<void>;
}
