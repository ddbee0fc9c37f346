// What a run found, as `summary.json` and the `done` event hold it. Plain data; null is "not known".
import type { ExportResult } from '../contracts/index.js';
import type { Finding } from '../preflight/finding.js';
import type { Outcome } from '../report/verdict.js';
import type { RateSearch } from './rate-search.js';

/** One model of the comparison: teacher, student alone, distilled student. Metrics are those on the test data. */
export interface ModelSummary {
  /** Examples answered wrongly. */
  readonly errors: number | null;
  /** In [0, 1]. */
  readonly accuracy: number | null;
  /** Share of examples answered as the teacher does; null for the teacher and without one. */
  readonly agreement: number | null;
  /** Number of weights. */
  readonly parameters: number | null;
  /** Size of the model's file; of its weights as float32 where there is no file. */
  readonly bytes: number | null;
  /** Median time of one example at batch 1. */
  readonly latencyMs: number | null;
  /** Every metric of the recipe whose value is a number. What is not finite is null. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** What the correction of the output bias did; see `biasCorrection` of the recipe. */
export interface BiasCorrectionSummary {
  readonly classes: readonly number[];
  /** Added to the output bias of those classes; chosen on validation data. */
  readonly offset: number;
  readonly validationErrors: { readonly before: number; readonly after: number };
  /** Null without labelled test data. */
  readonly testErrors: { readonly before: number | null; readonly after: number | null };
}

export interface SummaryWarning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Distilled against alone, as the report's headline has it. */
export interface VerdictSummary {
  readonly outcome: Outcome;
  /** McNemar's exact test of the two students; null where it was not made. */
  readonly p: number | null;
  /** Share of the gap closed, from 0; null where there is no gap beyond chance or distillation did not help. */
  readonly closed: number | null;
  /** The same in words; null where the two were not compared. */
  readonly claim: string | null;
}

export interface Summary {
  readonly name: string;
  readonly seed: number;
  readonly recipeHash: string;
  /** Package or program -> version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Null when the recipe has no teacher. */
  readonly teacher: ModelSummary | null;
  /** Null when no baseline was trained. */
  readonly baseline: ModelSummary | null;
  readonly student: ModelSummary;
  /** Absent in summaries of version 0.1.0. */
  readonly verdict?: VerdictSummary;
  /** Which data the metrics are of: those of the recipe's test data, else of what there is. */
  readonly evaluatedOn: 'test' | 'validation' | 'train';
  /** How learning rates were chosen, of those students whose rate was searched for. Absent in summaries of version 0.1.0. */
  readonly rateSearch?: readonly RateSearch[];
  readonly biasCorrection: BiasCorrectionSummary | null;
  readonly exports: readonly Pick<ExportResult, 'kind' | 'path' | 'sha256' | 'bytes' | 'maxDifference'>[];
  /** What the checks before training found, good and bad. */
  readonly preflight: readonly Finding[];
  readonly warnings: readonly SummaryWarning[];
  /** Of all processes that worked on the run, from their starts to the summary. */
  readonly seconds: number;
}
