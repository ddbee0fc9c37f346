// What a run found, as `summary.json` and the `done` event hold it. Plain data; null is "not known".
import type { AdjustmentReport, ExportResult, Figure, Finding } from '../contracts/index.js';
import type { Labelled } from '../train/label-ahead.js';
import type { Outcome } from '../report/verdict.js';
import type { Begun } from './begin/begin-stage.js';
import type { Coverage } from './data-coverage.js';
import type { RateSearch } from './rate-search.js';

/** One model of the comparison: teacher, student alone, distilled student. */
export interface ModelSummary {
  /** Every figure that was measured of it, by name. What is not finite is null. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** Number of weights. */
  readonly parameters: number | null;
  /** Size of the model's file; of its weights as float32 where there is no file. */
  readonly bytes: number | null;
  /** Median time of one example at batch 1. */
  readonly latencyMs: number | null;
}

export interface SummaryWarning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Distilled against alone, as the report's headline has it. */
export interface VerdictSummary {
  readonly outcome: Outcome;
  /** Of the paired test of the two students; null where it was not made. */
  readonly p: number | null;
  /** The paired test. Absent in summaries of format 1. */
  readonly test?: string | null;
  /** Share of the gap closed, from 0; null where there is no gap beyond chance or distillation did not help. */
  readonly closed: number | null;
  /** The same in words; null where the two were not compared. */
  readonly claim: string | null;
}

export interface Summary {
  /** Version of this format. */
  readonly summaryFormat: 2;
  readonly name: string;
  readonly seed: number;
  readonly recipeHash: string;
  /** Package or program -> version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Name of the task: by what models are judged. */
  readonly task: string;
  /** Name of the figure that decides; null where nothing that says how good a model is was measured. */
  readonly primary: string | null;
  /** Names of the figures of the closing table, in order. */
  readonly columns: readonly string[];
  /** What every figure is called, and how it is read. */
  readonly figures: readonly Figure[];
  /** What the student began with. Absent where it began at random. */
  readonly begun?: Begun;
  /** Null when the recipe has no teacher. */
  readonly teacher: ModelSummary | null;
  /** Those that the teacher is made of, each alone, by name; absent where it is one. */
  readonly teachers?: Readonly<Record<string, ModelSummary>>;
  /** Null when no baseline was trained. */
  readonly baseline: ModelSummary | null;
  readonly student: ModelSummary;
  /** Students that were trained beside it and taught it, by name; absent where there are none. */
  readonly peers?: Readonly<Record<string, ModelSummary>>;
  /** Absent in summaries of version 0.1.0. */
  readonly verdict?: VerdictSummary;
  /** How many examples the student was trained on, and how many of them each loss learnt from. Absent in summaries of version 0.1.0. */
  readonly trainedOn?: Coverage;
  /** How the teacher's answers were stored, and what that costs. Absent where no loss reads a teacher, and in runs of earlier versions. */
  readonly labelled?: Labelled;
  /** Which data the figures are of: those of the recipe's test data, else of what there is. */
  readonly evaluatedOn: 'test' | 'validation' | 'train';
  /** How learning rates were chosen, of those students whose rate was searched for. Absent in summaries of version 0.1.0. */
  readonly rateSearch?: readonly RateSearch[];
  /** What was changed after training, in order. */
  readonly adjustments: readonly AdjustmentReport[];
  readonly exports: readonly Pick<ExportResult, 'kind' | 'path' | 'sha256' | 'bytes' | 'maxDifference'>[];
  /** What the checks before training found, good and bad. */
  readonly preflight: readonly Finding[];
  readonly warnings: readonly SummaryWarning[];
  /** Of all processes that worked on the run, from their starts to the summary. */
  readonly seconds: number;
}
