// What a series of runs found, as its `series.json` holds it. Plain data; null is "not known".
import type { ExportResult, Figure } from '../../contracts/index.js';
import type { SeedComparison } from './compare-seeds.js';
import type { Spread } from './spread.js';

type Figures = Readonly<Record<string, number | null>>;
type Spreads = Readonly<Record<string, Spread>>;

/** One run of a series. */
export interface SeriesRunSummary {
  readonly seed: number;
  /** Its run folder, relative to that of the series, with slashes. Null where the run failed. */
  readonly folder: string | null;
  /** The figure that decides, on validation data, at the epoch whose weights were kept. */
  readonly validation: number | null;
  readonly teacher: Figures | null;
  readonly baseline: Figures | null;
  readonly student: Figures | null;
  /** Why there is no student: its training did not stay finite. */
  readonly failure: string | null;
}

/** The shorter runs of one point on a rung of successive halving. */
export interface SeriesRungSummary {
  readonly epochs: number;
  readonly runs: readonly SeriesRunSummary[];
  /** Mean over the seeds; null where a run failed. */
  readonly validation: number | null;
}

/** The runs of one point of a sweep; without a sweep, all runs. */
export interface SeriesPointSummary {
  /** By swept path. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Whole trainings; none of a point that did not get so far. */
  readonly runs: readonly SeriesRunSummary[];
  /** The rungs that it was trained on. Absent without successive halving. */
  readonly rungs?: readonly SeriesRungSummary[];
  /** Mean over the seeds; null where a run failed or has none. */
  readonly validation: number | null;
  /** Figures over the seeds, by name. */
  readonly teacher: Spreads | null;
  readonly baseline: Spreads | null;
  readonly student: Spreads | null;
  /** Distilled against alone over the seeds; null where both are not there. */
  readonly comparison: SeedComparison | null;
}

export interface SeriesSummary {
  /** Version of this format. */
  readonly seriesFormat: 1;
  readonly name: string;
  /** sha256 (hex) of the hashes of all its runs. */
  readonly hash: string;
  /** Null: each point is run with the recipe's own seed alone. */
  readonly seeds: readonly number[] | null;
  /** Swept paths. */
  readonly paths: readonly string[];
  readonly task: string;
  /** Name of the figure that decides. */
  readonly primary: string | null;
  /** Names of the figures of the closing table, in order. */
  readonly columns: readonly string[];
  readonly figures: readonly Figure[];
  /** Which data the figures are of. */
  readonly evaluatedOn: string;
  /** Of successive halving: how many runs each rung had. */
  readonly rungs?: readonly { readonly epochs: number; readonly runs: number }[];
  /** In the order in which they were run. */
  readonly points: readonly SeriesPointSummary[];
  /** The run whose student was kept: of the point with the best mean the best seed, both on validation data. */
  readonly best: {
    readonly point: number;
    readonly seed: number;
    readonly folder: string;
    /** Null: there is no validation data to choose by, and the first run was taken. */
    readonly validation: number | null;
  };
  /** The kept student's, relative to the folder of the series. */
  readonly exports: readonly Pick<ExportResult, 'kind' | 'path' | 'sha256' | 'bytes' | 'maxDifference'>[];
  /** Of all runs, those that were done before included. */
  readonly seconds: number;
}
