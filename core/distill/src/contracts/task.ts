// A task: what a model of one kind of problem is judged by. The core says when; the task says what.
import type { DataDescription } from './dataset.js';
import type { Finding } from './finding.js';
import type { ComponentReference } from './plugin.js';
import type { SectionBuilder } from './report.js';
import type { Student } from './student.js';
import type { Teacher } from './teacher.js';
import type { Batch, HostTensors } from './tensors.js';

/** Models and data before anything was asked. Of a teacher yet to be trained, only what it says of itself is known. */
export interface TaskParts {
  readonly data: DataDescription;
  readonly student: Student;
  readonly teacher: Teacher | undefined;
}

/** Models and what they answer on a sample of the training data, before training. */
export interface TaskSample {
  readonly data: DataDescription;
  readonly sample: Batch;
  /** Outputs of the untrained student; absent where another model is looked at. */
  readonly student?: HostTensors;
  readonly teacher: Teacher;
  /** All outputs of the teacher. */
  readonly answers: HostTensors;
}

/** One model's numbers, an example each, in the same order as the other's. NaN: the example does not count. */
export interface ComparedModel {
  /** As a sentence names it: `the distilled student`. */
  readonly name: string;
  readonly values: Float64Array;
  /** Which of two numbers is the better one; the same of both models. */
  readonly better: 'lower' | 'higher';
}

/** Whether two models differ by more than chance. */
export interface PairedComparison {
  /** Two-sided probability of a difference at least this large if both models were equally good. */
  readonly p: number;
  /** The test: `McNemar's exact test`. */
  readonly test: string;
  /** What it counted, in a sentence. */
  readonly words: string;
}

export interface Task {
  /** The figure that decides: headline, `train.select`, verdict, sweeps. Where it was not measured, the first that has a direction. */
  readonly primary: string;
  /** Figures of the closing table, in order. Those that were not measured are left out. */
  readonly columns: readonly string[];
  /** What a student without a teacher minimises; undefined where the data have no truth to learn from. */
  readonly hardLoss: ComponentReference | undefined;
  /** Metrics where the recipe names none. */
  readonly metrics: {
    readonly always: readonly ComponentReference[];
    readonly withTeacher: readonly ComponentReference[];
  };
  /** Sections of the report, in order. */
  readonly sections?: readonly SectionBuilder[];
  /** The teacher with its answers in the form and order of the data, where that can be known. Default: as it is. */
  align?(teacher: Teacher, data: DataDescription): Teacher;
  /** Compares what parts say of themselves, before anything is trained or asked. Throws what cannot work. */
  checkParts?(at: TaskParts): readonly Finding[];
  /** Looks at answers before training: chance level, order of answers, swapped models. Throws what cannot work. */
  checkSample?(at: TaskSample): readonly Finding[];
  /** The paired test of two models. Default: a sign-flip permutation test of the mean difference. */
  compare?(first: ComparedModel, second: ComparedModel): PairedComparison;
}
