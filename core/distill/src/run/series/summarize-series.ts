// The summary of a series out of the summaries of its runs.
import { relative, sep } from 'node:path';
import type { SeriesPlan } from '../../recipe/plan.js';
import { primaryOf, type Primary } from '../../report/figures.js';
import { compareSeeds } from '../../report/series/compare-seeds.js';
import { spreadOf, type Spread } from '../../report/series/spread.js';
import type {
  SeriesPointSummary,
  SeriesRungSummary,
  SeriesRunSummary,
  SeriesSummary,
} from '../../report/series/summary.js';
import type { ModelSummary } from '../summary.js';
import type { CompleteRun } from '../run-teacher.js';
import type { Member, SeriesMembers } from './run-members.js';
import { validationOf } from './validation.js';

export interface SeriesFound extends SeriesMembers {
  readonly name: string;
  readonly hash: string;
  readonly series: SeriesPlan;
  /** Of the series, absolute. */
  readonly folder: string;
}

/** The summary, and the run whose student is kept. Throws the failure of the first run when all failed. */
export function summarizeSeries(found: SeriesFound): {
  readonly summary: SeriesSummary;
  readonly kept: CompleteRun;
} {
  const { name, hash, series, members, rungs } = found;
  const first = members.find(({ run }) => run)?.run?.summary;
  if (!first) throw members[0]?.failure ?? new Error('internal: a series without runs');
  const primary = primaryOf(first.figures, first.primary ?? undefined);
  const points = series.points.map(({ values }, at): SeriesPointSummary => {
    const of = (all: readonly Member[]) => all.filter(({ point }) => point === at);
    const whole = pointSummary(values, of(members), found.folder, primary);
    const short = rungs
      .map(({ epochs, members: each }) => rungSummary(epochs, of(each), found.folder, primary))
      .filter(({ runs }) => runs.length > 0);
    return rungs.length === 0 ? whole : { ...whole, rungs: short };
  });
  const best = bestOf(members, points, primary);
  const kept = best.run;
  const summary: SeriesSummary = {
    seriesFormat: 1,
    name,
    hash,
    seeds: series.seeds ?? null,
    paths: series.paths,
    task: first.task,
    primary: primary?.name ?? null,
    columns: first.columns,
    figures: first.figures,
    evaluatedOn: first.evaluatedOn,
    points,
    best: {
      point: best.point,
      seed: best.seed,
      folder: shownFolder(found.folder, kept.folder.path),
      validation: primary ? (validationOf(kept, primary) ?? null) : null,
    },
    exports: kept.summary.exports,
    ...(rungs.length > 0
      ? { rungs: rungs.map(({ epochs, members: each }) => ({ epochs, runs: each.length })) }
      : {}),
    seconds: [...rungs.flatMap((rung) => rung.members), ...members].reduce(
      (sum, { run }) => sum + (run?.summary.seconds ?? 0),
      0,
    ),
  };
  return { summary, kept };
}

function shownFolder(from: string, to: string): string {
  return relative(from, to).split(sep).join('/');
}

function runSummary(
  { seed, run, failure }: Member,
  from: string,
  primary: Primary | undefined,
): SeriesRunSummary {
  return {
    seed,
    folder: run ? shownFolder(from, run.folder.path) : null,
    validation: (run && primary && validationOf(run, primary)) ?? null,
    teacher: run?.summary.teacher?.figures ?? null,
    baseline: run?.summary.baseline?.figures ?? null,
    student: run?.summary.student.figures ?? null,
    failure: failure?.records[0].message ?? null,
  };
}

type Role = 'teacher' | 'baseline' | 'student';

function spreads(runs: readonly SeriesRunSummary[], role: Role): Record<string, Spread> | null {
  const models = runs.map((run): ModelSummary['figures'] | null => run[role]);
  if (models.length === 0 || models.some((model) => model === null)) return null;
  const names = new Set(models.flatMap((model) => Object.keys(model ?? {})));
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const spread = spreadOf(models.map((model) => model?.[name]));
      return spread ? [[name, spread]] : [];
    }),
  );
}

function pointSummary(
  values: SeriesPointSummary['values'],
  members: readonly Member[],
  from: string,
  primary: Primary | undefined,
): SeriesPointSummary {
  const runs = members.map((member) => runSummary(member, from, primary));
  return {
    values,
    runs,
    validation: meanOf(runs),
    teacher: spreads(runs, 'teacher'),
    baseline: spreads(runs, 'baseline'),
    student: spreads(runs, 'student'),
    comparison: comparisonOf(runs, primary) ?? null,
  };
}

/** The same of a rung. */
function rungSummary(
  epochs: number,
  members: readonly Member[],
  from: string,
  primary: Primary | undefined,
): SeriesRungSummary {
  const runs = members.map((member) => runSummary(member, from, primary));
  return { epochs, runs, validation: meanOf(runs) };
}

/** Over the seeds, where all have it. */
function meanOf(runs: readonly SeriesRunSummary[]): number | null {
  const spread = spreadOf(runs.map(({ validation }) => validation));
  return spread?.count === runs.length ? spread.mean : null;
}

function comparisonOf(runs: readonly SeriesRunSummary[], primary: Primary | undefined) {
  if (!primary || runs.length < 2) return undefined;
  const of = (figures: ModelSummary['figures'] | null) => figures?.[primary.name] ?? undefined;
  const pairs = runs.flatMap(({ baseline, student }): (readonly [number, number])[] => {
    const [alone, distilled] = [of(baseline), of(student)];
    return alone === undefined || distilled === undefined ? [] : [[alone, distilled]];
  });
  return pairs.length < runs.length ? undefined : compareSeeds(pairs, primary);
}

/** Of the point with the best mean the best run, on validation data; the first complete run where there is none. */
function bestOf(
  members: readonly Member[],
  points: readonly SeriesPointSummary[],
  primary: Primary | undefined,
): Member & { readonly run: CompleteRun } {
  const complete = members.filter((member): member is Member & { readonly run: CompleteRun } => !!member.run);
  const better = (a: number, b: number) => (primary?.better === 'lower' ? a < b : a > b);
  const ofPoint = (at: number) => points[at]?.validation ?? null;
  const point = first([...points.keys()], ofPoint, better);
  const candidates = complete.filter((member) => point === undefined || member.point === point);
  const run = primary && first(candidates, (member) => validationOf(member.run, primary) ?? null, better);
  return run ?? (candidates[0] as Member & { readonly run: CompleteRun });
}

/** The first of those with the best number; undefined where none has one. */
function first<T>(
  all: readonly T[],
  number: (each: T) => number | null,
  better: (a: number, b: number) => boolean,
): T | undefined {
  let best: { readonly each: T; readonly value: number } | undefined;
  for (const each of all) {
    const value = number(each);
    if (value !== null && (!best || better(value, best.value))) best = { each, value };
  }
  return best?.each;
}
