// The runs of a series, one after another: each in a folder of its own, and those that are done taken as they are.
import type { OpenRecipe } from '../../container/open-recipe.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { SeriesPlan, SeriesPoint, SeriesRun } from '../../recipe/plan.js';
import type { RunOptions } from '../options.js';
import { planRun, prepareOnce, runOnce } from '../run-once.js';
import type { CompleteRun } from '../run-teacher.js';
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

/** `seed-2`, `point-3`, `point-3.seed-2` */
function nameOf({ seeds, paths }: SeriesPlan, point: number, seed: number): string {
  const parts = [
    ...(paths.length > 0 ? [`point-${point + 1}`] : []),
    ...(seeds === undefined ? [] : [`seed-${seed}`]),
  ];
  return parts.join('.');
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
 * Runs all points by all seeds. A training of a sweep that does not stay finite is a result; without a sweep it ends the
 * series, as every other error does. `told` is called after each run.
 */
export async function runMembers(
  recipe: OpenRecipe,
  series: SeriesPlan,
  options: RunOptions,
  told: (member: Member, done: number) => void,
): Promise<Member[]> {
  const members: Member[] = [];
  const all = series.points.flatMap(({ runs }: SeriesPoint, point) => runs.map((run) => ({ run, point })));
  const { progress } = options.services ?? {};
  for (const { run, point } of all) {
    const name = nameOf(series, point, run.seed);
    const detail = `run ${members.length + 1} of ${all.length}`;
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
    const member = { point, seed: run.seed, run: complete, failure };
    members.push(member);
    told(member, members.length);
  }
  return members;
}

function isNotFinite(error: unknown): error is PotstillError {
  return error instanceof PotstillError && error.code === 'TRAIN_NOT_FINITE';
}
