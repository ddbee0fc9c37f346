// What a report is made of. The run fills it; nothing here is computed from the file system.
import type { Dataset, ExportResult } from '../contracts/index.js';
import type { Evaluation } from '../evaluate/evaluate-model.js';
import type { Finding } from '../preflight/finding.js';
import type { Machine } from './machine.js';
import type { Primary } from './verdict.js';

/** Numbers of one epoch by name, as the run's `epoch` events have them: `loss`, `accuracy`, `errors`, ... */
export interface ReportEpoch {
  /** From 1. */
  readonly epoch: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What a metric of a plugin says of its own values, by name. */
export type CustomValues = Readonly<
  Record<string, { readonly help?: string; readonly better?: 'lower' | 'higher' }>
>;

/** How the learning rate of a stage was chosen. */
export interface RateSearch {
  readonly stage: 'baseline' | 'student';
  /** Name of the value that decided, on validation data: `errors`. */
  readonly figure: string;
  /** In the order tried; `figure` is null where training did not stay finite. */
  readonly candidates: readonly { readonly rate: number; readonly figure: number | null }[];
  readonly chosen: number;
}

/** One model of the comparison. What is not known is left out and shown as a dash. */
export interface ReportModel {
  /** What it is, in a few words: `mlp 1200-1200`, `resnet20.onnx`. */
  readonly title?: string;
  /** Number of weights. */
  readonly parameters?: number;
  /** Size of the exported file. */
  readonly bytes?: number;
  /** Median time of one example, see measureLatency. */
  readonly latencyMs?: number;
  /** On the test data; the same data, in the same order, for all models. */
  readonly evaluation?: Evaluation;
  /** Where a model from outside comes from. */
  readonly source?: string | undefined;
  /** The licence of a model from outside. */
  readonly licence?: string | undefined;
  /** Learning curves; absent for a model that was not trained in this run. */
  readonly epochs?: readonly ReportEpoch[];
}

/** A further part of the page, from a domain. `html` and `svg` are put in as they are: the author escapes. */
export type ReportSection = { readonly title: string } & (
  { readonly html: string } | { readonly svg: string }
);

/** How long a stage took. */
export interface StageTime {
  readonly stage: string;
  /** Wall time, of all processes that worked on the stage in this run. */
  readonly seconds: number;
}

export interface ReportInput {
  /** The file to write, `report.html` of the run folder. */
  readonly file: string;
  /** The recipe's name. */
  readonly name: string;
  readonly description?: string;
  readonly recipe: {
    /** The resolved recipe. */
    readonly yaml: string;
    readonly hash: string;
  };
  readonly seed: number;
  /** Milliseconds since 1970, from the run's clock. */
  readonly finishedAt: number;
  /** Data that all models are evaluated on. Pictures are read from it when it is indexed. */
  readonly test: Dataset;
  /** Which part of the recipe's data `test` is. Default: test. */
  readonly evaluatedOn?: 'test' | 'validation' | 'train';
  /** Names and sizes of the data sets, for the table of details. */
  readonly data?: readonly { readonly role: string; readonly name: string; readonly examples?: number }[];
  readonly teacher?: ReportModel;
  /** The same student trained without a teacher. */
  readonly baseline?: ReportModel;
  /** The distilled student; in a recipe without teacher, simply the trained model. */
  readonly student: ReportModel;
  /** The value that decides. Default: `errors`, or the first known value when there are none. */
  readonly primary?: Primary;
  /** Help and direction of values that the report does not know by itself. */
  readonly customValues?: CustomValues;
  /** Searches for a learning rate, if there were any. */
  readonly rateSearch?: readonly RateSearch[];
  readonly exports?: readonly ExportResult[];
  /** Results of the checks before training, good ones too. */
  readonly preflight?: readonly Finding[];
  /** Warnings of the run, in the order given. */
  readonly warnings?: readonly { readonly code: string; readonly message: string; readonly hint?: string }[];
  readonly sections?: readonly ReportSection[];
  readonly machine: Machine;
  /** Package or program -> version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Stages of the run. */
  readonly timings?: readonly StageTime[];
}
