// The plan: a recipe with everything resolved, checked and filled in. What the rest of potstill works from.
import type { BackendName } from '@potstill/engine';
import type { ComponentDefinition, ComponentKind } from '../contracts/index.js';
import type { ErrorRecord, SourceLocation } from '../errors/potstill-error.js';

/** Which plugin offers a component. */
export interface PluginIdentity {
  readonly name: string;
  readonly version: string;
}

/** A component with its options, checked but not yet made. `RunContainer.make` makes it. */
export interface ComponentPlan<K extends ComponentKind = ComponentKind> {
  readonly definition: ComponentDefinition<K>;
  readonly plugin: PluginIdentity;
  /** Output of the definition's schema: checked, defaults filled. Plain data. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where in the recipe, dotted: `losses.0`. */
  readonly path: string;
}

export interface DatasetSlot {
  readonly component: ComponentPlan<'dataset'>;
  /** Applied to an example in this order. Empty when none are given. */
  readonly transforms: readonly ComponentPlan<'transform'>[];
  /** Only the first so many examples. */
  readonly limit?: number | undefined;
}

/** Parts that are taken out of the training data: a share below 1, or a number of examples. */
export interface SplitPlan {
  readonly validation?: number | undefined;
  readonly test?: number | undefined;
  /** The field by which examples belong together. */
  readonly by?: string | undefined;
  readonly seed: number;
}

/** How often an epoch has each training example. */
export type SamplerPlan =
  | 'uniform'
  | 'class-balanced'
  | 'pairs'
  | { readonly by: string; readonly temperature?: number | undefined }
  | { readonly weight: string }
  /** A class to its share of an epoch; the other classes have what is left, in proportion. */
  | { readonly classes: Readonly<Record<string, number>> };

/** The data sets, and how their examples are put into batches. */
export interface DataPlan {
  readonly train: DatasetSlot;
  /** What the student learns the teacher's answers on, beside the training data. Its transforms are those of `train`. */
  readonly transfer: DatasetSlot | undefined;
  readonly validation: DatasetSlot | undefined;
  readonly test: DatasetSlot | undefined;
  readonly split: SplitPlan | undefined;
  /** What classes count as, by name, in every part; null: left out. */
  readonly classes: Readonly<Record<string, string | null>> | undefined;
  readonly sampler: SamplerPlan | undefined;
  /** How lengths are chosen that axes of varying length are padded to. */
  readonly buckets: BucketPlan | undefined;
  /** Of streams: examples held back to draw from. */
  readonly shuffle: { readonly window: number } | undefined;
}

/** Axes of varying length; all of it has defaults. */
export interface BucketPlan {
  readonly count?: number | undefined;
  readonly multiple?: number | undefined;
  /** Lengths of one axis, by its name. */
  readonly edges?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** How a number of a stored answer is written: see `store/encoding.ts`. */
export type AnswerEncoding = 'float32' | 'float16' | 'int8' | { readonly top: number };

/** Whether and how a teacher's answers about the training data are stored. */
export interface CachePlan {
  /** `auto`: where examples look the same in each epoch. `epochs`: so many views where they do not. */
  readonly keep: 'auto' | 'never' | { readonly epochs: number };
  /** One for all outputs, or by output. Undefined: exact. */
  readonly encoding: AnswerEncoding | Readonly<Record<string, AnswerEncoding>> | undefined;
}

export type TeacherPlan = { readonly cache: CachePlan } & TeacherSource;

export type TeacherSource =
  | {
      readonly kind: 'recipe';
      /** Absolute. */
      readonly file: string;
      /** As the recipe writes it. */
      readonly written: string;
      /** Overrides for that recipe, as `--set` takes them: `path=value`. */
      readonly set: readonly string[];
      /** After which epoch of its training; undefined: the finished student. */
      readonly epoch: number | undefined;
      /** Whether it runs in the training step instead of being asked beforehand. */
      readonly live: boolean;
    }
  | { readonly kind: 'component'; readonly component: ComponentPlan<'teacher'> };

/** Whose finished weights the student begins with; `except`: patterns of variables that begin at random all the same. */
export type BeginPlan = {
  readonly except: readonly string[];
  /** As the recipe writes it. */ readonly written: string;
} & (
  | {
      readonly kind: 'recipe';
      /** Absolute. */
      readonly file: string;
      /** Overrides for that recipe, as `--set` takes them: `path=value`. */
      readonly set: readonly string[];
    }
  | {
      readonly kind: 'stage';
      /** The stage before. */
      readonly plan: Plan;
    }
  | {
      readonly kind: 'checkpoint';
      /** Absolute, or `data:…`: a run folder or a file of weights. */
      readonly path: string;
    }
);

export interface LossPlan {
  /** Label in logs and reports; unique in the recipe. Default: the component's name. */
  readonly name: string;
  readonly component: ComponentPlan<'loss'>;
  /** A constant, or a schedule over the training. Default 1. */
  readonly weight: number | ComponentPlan<'schedule'>;
  /** Of the variables that the loss has of its own. */
  readonly optimizer?: ComponentPlan<'optimizer'> | undefined;
  readonly rate?: number | ComponentPlan<'schedule'> | undefined;
}

/** How factors of the losses are learnt. */
export type BalancePlan =
  | { readonly by: 'uncertainty' }
  | {
      readonly by: 'gradnorm';
      readonly alpha: number;
      readonly rate: number;
      /** A variable of the student. Undefined: the last weight matrix. */
      readonly layer?: string | undefined;
    };

/** How gradients are clipped; one of the three. */
export type Clipping =
  /** Each element to [-value, value]. */
  | { readonly value: number }
  /** Each variable's gradient to that L2 norm. */
  | { readonly norm: number }
  /** All gradients together to that L2 norm. */
  | { readonly globalNorm: number };

/** Settings of the variables whose names fit `match`; the first group that fits counts. */
export interface GroupPlan {
  /** `*` stands for any characters, `?` for one. */
  readonly match: string;
  /** Factor of the learning rate. Default 1. */
  readonly rate?: number | undefined;
  /** In place of the optimizer's own. */
  readonly weightDecay?: number | undefined;
  /** Whether weight decay and max-norm act at all. */
  readonly decay?: boolean | undefined;
}

export interface TrainPlan {
  readonly epochs: number;
  /** Examples a step. Default 128. */
  readonly batch: number;
  /** Default `adam`. */
  readonly optimizer: ComponentPlan<'optimizer'>;
  /** A constant learning rate, or a schedule. Default 0.001. */
  readonly rate: number | ComponentPlan<'schedule'>;
  /** Default 1. */
  readonly seed: number;
  /** Largest L2 norm of the weights into one unit (Hinton et al. 2012, "Improving neural networks…"). */
  readonly maxNorm: number | undefined;
  readonly clip: Clipping | undefined;
  /** Batches that make one update. Default 1. */
  readonly accumulate: number;
  /** Decay of a running average of the weights, which is what is validated and kept. */
  readonly average: number | undefined;
  /** Factors of the losses that are learnt. */
  readonly balance: BalancePlan | undefined;
  readonly groups: readonly GroupPlan[] | undefined;
  /** Whether several rates are tried and the best on validation data is kept. Default false. */
  readonly rateSearch: boolean;
  /** Epochs whose weights are kept beside the best. */
  readonly keep: readonly number[] | undefined;
  /** Names, as `GroupPlan.match`, of the student's variables that are not trained. */
  readonly freeze: readonly string[] | undefined;
  /** Which checkpoint is the best: a figure on validation data, `primary`, or `last`. Default `primary` with validation data, else `last`. */
  readonly select: string;
}

/** How the student is trained without its teacher: as with it, but for what `baseline.set` changes. */
export interface BaselinePlan {
  readonly train: TrainPlan;
  /** The recipe's; those that read the teacher are left out once they are made. */
  readonly losses: readonly LossPlan[];
  /** `baseline.set` as written. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Whether `baseline.rate` is `search`. */
  readonly search: boolean;
}

/** A metric as the recipe writes it. */
export interface MetricPlan {
  readonly component: ComponentPlan<'metric'>;
  /** Its figures become `<name>.<figure>`. */
  readonly name?: string | undefined;
  /** Only examples whose fields have these values count; a text names a group or class. */
  readonly where?: Readonly<Record<string, number | boolean | string>> | undefined;
}

export interface PreflightPlan {
  /** Default true. */
  readonly enabled: boolean;
  /** Labelled examples that are looked at. Default 512. */
  readonly sample: number;
}

/** A plugin as a recipe names it. */
export interface PluginReference {
  /** npm name, or a path beginning with a dot or a slash. */
  readonly name: string;
  /** The folder it is resolved from: that of the file that names it. */
  readonly folder: string;
  readonly path: string;
}

/** Where each value of a recipe came from, through `extends` and `--set`. */
export interface RecipeTrace {
  /** Files read, the recipe first, then what it extends. Absolute. */
  readonly files: readonly string[];
  /** Where the value (or, with `part: 'key'`, its key) at a dotted path is written; the nearest place above it when it is not written anywhere. */
  locate(path: string, part?: 'key' | 'value'): SourceLocation;
  /** The record with location and frame added, when it has a path and no location yet. */
  place(record: ErrorRecord): ErrorRecord;
}

/** One run of a series: the recipe with its values and its seed, without the keys that make it many. */
export interface SeriesRun {
  readonly seed: number;
  readonly plan: Plan;
}

/** The runs that share the values of a sweep; of a recipe without one there is one point without values. */
export interface SeriesPoint {
  /** By dotted path, plain data. */
  readonly values: Readonly<Record<string, unknown>>;
  /** One for each seed; at least one. */
  readonly runs: readonly SeriesRun[];
  /** Its shorter runs on each rung of `sweep.halving`, where it gets there. */
  readonly rungs: readonly (readonly SeriesRun[])[];
}

/** A recipe that is many runs. */
export interface SeriesPlan {
  /** Undefined: each point is run with the recipe's own seed alone. */
  readonly seeds: readonly number[] | undefined;
  /** Swept paths; none without a sweep. */
  readonly paths: readonly string[];
  /** At least one, in the order in which they are run. */
  readonly points: readonly SeriesPoint[];
  /** Of `sweep.halving`: shorter trainings before the whole ones; none without it. */
  readonly rungs: readonly { readonly epochs: number; readonly points: number; readonly keep: number }[];
  /** `seeds` and `sweep` as written. */
  readonly written: Readonly<Record<string, unknown>>;
}

/** A recipe, wholly resolved. Frozen. */
export interface Plan {
  readonly name: string;
  readonly description: string | undefined;
  /** The recipe file, absolute. */
  readonly file: string;
  /** Its folder, where relative paths start. */
  readonly folder: string;
  readonly trace: RecipeTrace;
  readonly plugins: readonly PluginReference[];
  readonly data: DataPlan;
  readonly teacher: TeacherPlan | undefined;
  readonly student: ComponentPlan<'student'>;
  /** Undefined: the student begins at random. */
  readonly begin: BeginPlan | undefined;
  /** At least one. */
  readonly losses: readonly LossPlan[];
  readonly train: TrainPlan;
  /** Undefined: the one that the training data name. */
  readonly task: ComponentPlan<'task'> | undefined;
  /** Undefined: those of the task. */
  readonly metrics: readonly MetricPlan[] | undefined;
  /** Undefined: the student is not trained without the teacher. Default: it is, when there is a teacher. */
  readonly baseline: BaselinePlan | undefined;
  readonly adjustments: readonly ComponentPlan<'adjustment'>[];
  readonly exporters: readonly ComponentPlan<'exporter'>[];
  readonly backend: BackendName;
  readonly threads: number;
  readonly preflight: PreflightPlan;
  /** Which stage of a recipe with `stages` it is: the names of the recipe, and of all stages up to it. */
  readonly stage: { readonly recipe: string; readonly names: readonly string[] } | undefined;
  /** The runs that `seeds` and `sweep` make of the recipe; undefined for one run. */
  readonly series: SeriesPlan | undefined;
}
