// What a report is made of. The run fills it; nothing here is computed from the file system.
import type {
  ComparedModel,
  Dataset,
  ExportResult,
  Figure,
  Finding,
  PairedComparison,
  ReportModel,
  SectionBuilder,
} from '../contracts/index.js';
import { primaryOf } from './figures.js';
import type { Machine } from './machine.js';
import type { Judging } from './verdict.js';

/** How the learning rate of a stage was chosen. */
export interface RateSearch {
  readonly stage: 'baseline' | 'student';
  /** Name of the figure that decided, on validation data. */
  readonly figure: string;
  /** In the order tried; `figure` is null where training did not stay finite. */
  readonly candidates: readonly { readonly rate: number; readonly figure: number | null }[];
  readonly chosen: number;
}

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
  /** What training read of the teacher and how that is kept, for the table of details. */
  readonly answers?: readonly (readonly [what: string, value: string])[];
  /** The same student trained without a teacher. */
  readonly baseline?: ReportModel;
  /** The distilled student; in a recipe without teacher, simply the trained model. */
  readonly student: ReportModel;
  /** What the students began with, in a sentence; absent where they began at random. */
  readonly begun?: string;
  /** The runs that led to this one, in their order: folders are from that of the report. Figures that are not known are null. */
  readonly chain?: readonly {
    readonly name: string;
    readonly path: string;
    readonly student: Readonly<Record<string, number | null>>;
    readonly baseline: Readonly<Record<string, number | null>> | null;
  }[];
  /** All figures that were measured, in the order of the tables. */
  readonly figures: readonly Figure[];
  /** The figure that decides. Default: the first that has a direction. */
  readonly primary?: string;
  /** The task's paired test. */
  readonly compare?: ((first: ComparedModel, second: ComparedModel) => PairedComparison) | undefined;
  /** Searches for a learning rate, if there were any. */
  readonly rateSearch?: readonly RateSearch[];
  readonly exports?: readonly ExportResult[];
  /** Results of the checks before training, good ones too. */
  readonly preflight?: readonly Finding[];
  /** Warnings of the run, in the order given. */
  readonly warnings?: readonly { readonly code: string; readonly message: string; readonly hint?: string }[];
  /** What task, metrics, losses and adjustments contribute. */
  readonly sections?: readonly SectionBuilder[];
  readonly machine: Machine;
  /** Package or program -> version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Stages of the run. */
  readonly timings?: readonly StageTime[];
}

/** By what the models of a report are compared. */
export function judgingOf({ figures, primary, compare }: ReportInput): Judging {
  return { primary: primaryOf(figures, primary), compare };
}
