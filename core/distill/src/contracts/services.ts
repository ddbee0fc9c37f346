// What the container injects into components. Any of it may be rebound, by a plugin or a test.
import type { Engine, RandomStream } from '@potstill/engine';
import type { Logger } from 'pino';
import type { TeacherStore } from './teacher.js';

/** Where a training is. */
export interface TrainingProgress {
  /** Epochs done, without the one under way. */
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
}

/** Something that happened, as `--json` prints it and the run folder's `events.jsonl` keeps it. */
export type RunEvent =
  | {
      /** The first event of a run. */
      readonly event: 'run';
      readonly runFolder: string;
      /** Whether it continues what an earlier process began. */
      readonly resumed: boolean;
      /** Why a resumed run starts over, and what is recreated. */
      readonly notes: readonly string[];
    }
  | {
      readonly event: 'stage';
      readonly stage: string;
      readonly state: 'start' | 'end';
      readonly detail?: string;
    }
  | {
      /** How far a stage is: a training, labelling, or (`runs`) all runs of a recipe with `seeds` or `sweep`. */
      readonly event: 'progress';
      readonly stage: string;
      /** Of a training the examples of all its epochs. */
      readonly done: number;
      readonly total: number;
      readonly unit: 'examples' | 'runs';
      readonly unitsPerSecond: number;
      readonly secondsLeft: number;
      /** Numbers of the latest step by name, such as `loss`; none where nothing is trained. */
      readonly figures: Readonly<Record<string, number>>;
      /** Of a training: where it is. */
      readonly at?: TrainingProgress;
    }
  | {
      readonly event: 'epoch';
      readonly stage: string;
      readonly epoch: number;
      readonly epochs: number;
      readonly metrics: Readonly<Record<string, number>>;
      /** Share of the epoch's steps' time in which none ran, as their data were not ready; missing where no time passed. */
      readonly waited?: number;
    }
  | { readonly event: 'warning'; readonly code: string; readonly message: string; readonly hint?: string }
  | {
      readonly event: 'done';
      readonly runFolder: string;
      readonly summary: unknown;
      /** Of a recipe with `seeds` or `sweep`, whose best run `summary` is of. */
      readonly series?: unknown;
    };

/** Takes events; the CLI shows them, tests collect them. */
export interface ProgressSink {
  emit(event: RunEvent): void;
}

export interface Paths {
  /** The folder that relative paths of a recipe start from: the recipe's own. */
  readonly recipeFolder: string;
  /** Where this run writes. */
  readonly runFolder: string;
  /** Where runs lie; teachers that are recipes are looked for here. */
  readonly runsFolder: string;
  /** `POTSTILL_DATA`, when set: where data sets and models that are no package lie. */
  readonly dataFolder: string | undefined;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** Everything that a component may be given. */
export interface Services {
  readonly engine: Engine;
  /** The run's root stream; take a child by a name of your own. */
  readonly random: RandomStream;
  readonly store: TeacherStore;
  readonly progress: ProgressSink;
  readonly logger: Logger;
  readonly paths: Paths;
  /** A folder for what can be computed again. */
  readonly cacheFolder: string;
  readonly clock: Clock;
}

export type ServiceName = keyof Services;
