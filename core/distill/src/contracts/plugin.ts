// A plugin: a plain value with a name and components. Registration checks it; importing it does nothing.
import type { Optimizer } from '@potstill/engine';
import type { z } from 'zod';
import type { Adjustment } from './adjustment.js';
import type { DataDescription, Dataset, Transform } from './dataset.js';
import type { Exporter } from './exporter.js';
import type { Loss } from './loss.js';
import type { Method } from './method.js';
import type { Metric } from './metric.js';
import type { Schedule } from './schedule.js';
import type { ServiceName, Services } from './services.js';
import type { Student } from './student.js';
import type { Task } from './task.js';
import type { Teacher } from './teacher.js';
import type { Batch } from './tensors.js';

/** What each kind of component is when made. */
export interface Components {
  teacher: Teacher;
  student: Student;
  loss: Loss;
  dataset: Dataset;
  metric: Metric;
  task: Task;
  adjustment: Adjustment;
  transform: Transform;
  optimizer: Optimizer;
  schedule: Schedule;
  exporter: Exporter;
}

export type ComponentKind = keyof Components;

export interface TeacherContext {
  /** The data it will label. `inputs` and `labels` are to be compared with its own. */
  readonly data: DataDescription;
  /**
   * Reads a part of the data in order, as the teacher is asked about it: to learn from its labels. Gives nothing where the
   * recipe has no such part; absent where a teacher is opened without data.
   */
  read?(part: 'train' | 'validation'): AsyncIterable<Batch>;
  /** The student that it will teach, for teachers that are computed in the training step. Absent where none is trained. */
  readonly student?: TaughtStudent;
}

/** The student of a run, as its teacher sees it. */
export interface TaughtStudent {
  readonly model: Student;
  /** Fields of a batch that it takes. */
  readonly inputs: readonly string[];
  /**
   * Another student, made as the recipe's or as `reference` says; its first weights depend on the seed and on `name`.
   * Whoever asks for it disposes of its variables.
   */
  readonly another: (name: string, reference?: ComponentReference) => Promise<Student>;
}

/** What is known when a component of that kind is made, beside its options and the services. */
export interface Contexts {
  teacher: TeacherContext;
  student: { readonly data: DataDescription };
  loss: {
    readonly data: DataDescription;
    /** How many training examples there are: the index of each is below it. A run always says it. */
    readonly examples?: number;
    readonly student: Student;
    readonly teacher: Teacher | undefined;
  };
  /**
   * `train` describes the training data (before transforms) when validation or test data are made: for class numbers and
   * for statistics, such as mean and std, that belong to the training data. Absent for the training data itself.
   */
  dataset: { readonly train?: DataDescription };
  metric: { readonly data: DataDescription };
  task: { readonly data: DataDescription };
  adjustment: { readonly data: DataDescription };
  transform: { readonly data: DataDescription };
  optimizer: object;
  schedule: object;
  exporter: object;
}

/** A component as recipes write it: its name, or a map with `use` and its options. */
export type ComponentReference = string | { readonly use: string; readonly [option: string]: unknown };

/** What `create` is given: the services, and a way to make other components. */
export interface ComponentServices extends Services {
  /**
   * Makes another component of the recipe's plugins, such as the members of an ensemble. Its options are checked as a
   * recipe's are. Whoever makes a component disposes of it.
   */
  make<K extends ComponentKind>(
    kind: K,
    reference: ComponentReference,
    context: Contexts[K],
  ): Promise<Components[K]>;
}

/** One component: a name that recipes `use:`, its options and how it is made. */
export interface ComponentDefinition<
  K extends ComponentKind = ComponentKind,
  O extends z.ZodObject = z.ZodObject,
> {
  readonly kind: K;
  /** As recipes write it. Plugins of a domain prefix it: `vision/mnist`. */
  readonly name: string;
  /** One line for `potstill list`. */
  readonly help: string;
  /** A strict zod object; keys without default are required. */
  readonly options: O;
  /** Losses and metrics: true when it compares with a teacher, so that a recipe without one is refused before anything is made. */
  readonly needsTeacher?: boolean;
  /** The published method that it is: citation, formula, names elsewhere. */
  readonly method?: Method;
  /**
   * Teachers and students: their outputs, for `potstill explain`. A name, with `N` for a number, and what it holds:
   * `'hidden.N': 'hidden layer N, from 0: [units]'`.
   */
  readonly outputs?: Readonly<Record<string, string>>;
  /**
   * What `potstill check` can find without opening data: files that are missing, names that a file does not have. Throws
   * as `create` does. Cheap: it reads at most a model's file.
   */
  check?(options: z.output<O>, services: Pick<Services, 'paths'>): void | Promise<void>;
  create(
    options: z.output<O>,
    services: ComponentServices,
    context: Contexts[K],
  ): Components[K] | Promise<Components[K]>;
}

/** A definition of any kind, options forgotten: what registries hold. */
export type AnyComponent = { [K in ComponentKind]: ComponentDefinition<K> }[ComponentKind];

export interface Plugin {
  /** The npm package's name. */
  readonly name: string;
  readonly version: string;
  /** Versions of potstill it works with, as a semver range. */
  readonly potstill: string;
  readonly components: readonly AnyComponent[];
  /** Services it rebinds: another teacher store, another logger. Two plugins may not rebind the same. */
  readonly services?: { readonly [N in ServiceName]?: (services: Omit<Services, N>) => Services[N] };
}
