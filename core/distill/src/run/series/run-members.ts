// The runs of a series, one after another: each in a folder of its own, and those that are done taken as they are.
import type { OpenRecipe } from '../../container/open-recipe.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { SeriesPlan, SeriesPoint, SeriesRun } from '../../recipe/plan.js';
import type { RunOptions } from '../options.js';
import { planRun, prepareOnce, runOnce } from '../run-once.js';
import type { CompleteRun } from '../run-teacher.js';
import { bestPoints } from './best-points.js';
import { runEvents } from './series-events.js';

/** A run of a series as it ended. */
export interface Member {
  readonly point: number;
  readonly seed: number;
  /** Undefined where it failed. */
  readonly run: CompleteRun | undefined;
  /** Why the training did not stay finite; the run's own error. */
  readonly failure: PotstillError | undefined;
}

/** `seed-2`, `point-3`, `point-3.seed-2`, `point-3.epochs-4` */
function nameOf({ seeds, paths }: SeriesPlan, point: number, seed: number, epochs?: number): string {
  const parts = [
    ...(paths.length > 0 ? [`point-${point + 1}`] : []),
    ...(seeds === undefined ? [] : [`seed-${seed}`]),
    ...(epochs === undefined ? [] : [`epochs-${epochs}`]),
  ];
  return parts.join('.');
}

/** The runs of one rung. */
export interface RungMembers {
  readonly epochs: number;
  readonly members: readonly Member[];
}

/** All runs of a series: those of each rung, and the whole ones. */
export interface SeriesMembers {
  readonly rungs: readonly RungMembers[];
  readonly members: readonly Member[];
}

/** What is needed to prepare and execute one run of the series. */
function memberOf(recipe: OpenRecipe, { plan }: SeriesRun, options: RunOptions, name: string) {
  const { runFolder: _, ...rest } = options;
  const sink = options.services?.progress ?? { emit: () => undefined };
  return {
    recipe: { ...recipe, plan },
    options: { ...rest, services: { ...options.services, progress: runEvents(sink, name) } },
  };
}

/** Opens every point of a sweep once and closes it again, so that what cannot work is told before anything is trained. */
export async function checkPoints(
  recipe: OpenRecipe,
  series: SeriesPlan,
  options: RunOptions,
): Promise<void> {
  if (series.paths.length === 0) return;
  for (const [at, { runs }] of series.points.entries()) {
    const run = runs[0] as SeriesRun;
    const silent = { ...options, services: { ...options.services, progress: { emit: () => undefined } } };
    const one = memberOf(recipe, run, silent, nameOf(series, at, run.seed));
    const prepared = await prepareOnce(await planRun(one.recipe, one.options), one.options);
    await prepared.dispose();
  }
}

/**
 * Runs all points by all seeds; with rungs, those points that get so far, by their means on validation data. A training of a sweep that does not stay finite is a result; without a sweep it ends the
 * series, as every other error does. `told` is called after each run.
 */
export async function runMembers(
  recipe: OpenRecipe,
  series: SeriesPlan,
  options: RunOptions,
  told: (member: Member, done: number) => void,
): Promise<SeriesMembers> {
  const all = (points: readonly number[], runsOf: (point: SeriesPoint) => readonly SeriesRun[]) =>
    points.flatMap((point) => runsOf(series.points[point] as SeriesPoint).map((run) => ({ run, point })));
  const total = runsIn(series);
  let done = 0;
  const runAll = async (wanted: ReturnType<typeof all>, epochs?: number) => {
    const members: Member[] = [];
    for (const { run, point } of wanted) {
      const name = nameOf(series, point, run.seed, epochs);
      const member = await runMember(recipe, series, options, { run, point, name, at: done, total });
      members.push(member);
      told(member, ++done);
    }
    return members;
  };
  let points = [...series.points.keys()];
  const rungs: RungMembers[] = [];
  for (const [at, { epochs, keep }] of series.rungs.entries()) {
    const members = await runAll(
      all(points, ({ rungs: short }) => short[at] ?? []),
      epochs,
    );
    rungs.push({ epochs, members });
    points = bestPoints(points, members, keep);
  }
  return { rungs, members: await runAll(all(points, ({ runs }) => runs)) };
}

/** How many runs a series is. */
export function runsIn({ points, rungs, seeds }: SeriesPlan): number {
  const trained = [...rungs.map((rung) => rung.points), rungs.at(-1)?.keep ?? points.length];
  return trained.reduce((sum, each) => sum + each, 0) * (seeds?.length ?? 1);
}

async function runMember(
  recipe: OpenRecipe,
  series: SeriesPlan,
  options: RunOptions,
  {
    run,
    point,
    name,
    at,
    total,
  }: {
    readonly run: SeriesRun;
    readonly point: number;
    readonly name: string;
    readonly at: number;
    readonly total: number;
  },
): Promise<Member> {
  const { progress } = options.services ?? {};
  const detail = `run ${at + 1} of ${total}`;
  progress?.emit({ event: 'stage', stage: name, state: 'start', detail });
  const one = memberOf(recipe, run, options, name);
  const mode = { resume: options.resume === true ? ('if-there' as const) : false, reuse: 'whole' as const };
  let failure: PotstillError | undefined;
  const complete = await runOnce(one.recipe, one.options, mode).catch((error: unknown) => {
    if (series.paths.length === 0 || !isNotFinite(error)) throw error;
    failure = error;
    return undefined;
  });
  progress?.emit({
    event: 'stage',
    stage: name,
    state: 'end',
    detail: complete?.folder.path ?? failure?.records[0].message ?? '',
  });
  return { point, seed: run.seed, run: complete, failure };
}

function isNotFinite(error: unknown): error is PotstillError {
  return error instanceof PotstillError && error.code === 'TRAIN_NOT_FINITE';
}
