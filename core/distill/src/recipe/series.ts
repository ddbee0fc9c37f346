// `seeds` and `sweep`: one recipe as many, each with values of its own that keep the place where they are written.
import { halvingProblems, onRung, rungsOf, type Rung } from './halving.js';
import { assignAt, Refused } from './overrides.js';
import { pathText, type Problem } from './problems.js';
import { gridSize, sweepPoints, type Point } from './sweep-points.js';
import { nodeAt, placeOf, toData, type Path, type Traced, type TracedMap } from './trace.js';

/** The recipe of one run. */
export interface SeriesRoot {
  readonly seed: number;
  readonly root: Traced;
  readonly point: Point;
}

/** A recipe that is many. */
export interface WrittenSeries {
  readonly seeds: readonly number[] | undefined;
  readonly paths: readonly string[];
  readonly points: readonly {
    readonly values: Readonly<Record<string, unknown>>;
    readonly runs: readonly SeriesRoot[];
    /** Its runs on each rung. */
    readonly rungs: readonly (readonly SeriesRoot[])[];
  }[];
  readonly rungs: readonly Rung[];
  /** `seeds` and `sweep` as plain data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What cannot be swept; it is left out of the roots. */
  readonly problems: readonly Problem[];
  /** Problems of one run's recipe, as those of the series. */
  ownProblems(found: readonly Problem[], run: SeriesRoot): Problem[];
}

/** More runs than that are a slip of the pen. */
const mostRuns = 1000;

/** Whether runs that differ there are still of one problem and can be compared, and differ in their weights. */
function canSweep(path: string): boolean {
  const [section = '', key = '', ...rest] = path.split('.');
  if (section === 'stages')
    return rest.length > 0 && rest.join('.') !== 'train.seed' && canSweep(rest.join('.'));
  if (section === 'data') return ['train', 'transfer', 'sampler', 'buckets', 'shuffle'].includes(key);
  return [
    'student',
    'begin',
    'teacher',
    'teachers',
    'losses',
    'train',
    'baseline',
    'adjust',
    'backend',
  ].includes(section);
}

/** Undefined for a recipe of one run. The recipe must be right in itself. */
export function seriesOf(root: Traced): WrittenSeries | undefined {
  if (root.kind !== 'map') return undefined;
  const written = ['seeds', 'sweep'].filter((key) => root.entries.has(key));
  if (written.length === 0) return undefined;
  const problems = [
    ...pathProblems(root),
    ...seedProblems(root),
    ...halvingProblems(root),
    ...sizeProblems(root),
  ];
  const seeds = seedsOf(root);
  const alone = without(root, written);
  const drawn = problems.length > 0 ? [] : sweepPoints(root);
  const rungs = rungsOf(root, drawn.length);
  const points = drawn.map((point) => {
    const values = Object.fromEntries(point.map(({ path, value }) => [path, toData(value)]));
    const changed = assignAll(alone, point, problems);
    const runs = (seeds ?? [ownSeed(changed)]).map((seed): SeriesRoot => {
      if (seeds === undefined) return { seed, root: changed, point };
      const at = placeOf(root, ['seeds'], 'value');
      return { seed, point, root: assignAt(changed, 'train.seed', { kind: 'scalar', value: seed, at }, at) };
    });
    const short = rungs.map((rung) => runs.map((run) => ({ ...run, root: onRung(run.root, root, rung) })));
    return { values, runs, rungs: short };
  });
  return {
    seeds,
    paths: sweptPaths(root).map(({ path }) => path),
    points,
    rungs,
    data: Object.fromEntries(written.map((key) => [key, toData(nodeAt(root, [key]) as Traced)])),
    problems,
    ownProblems: (found, { root: changed, point }) =>
      found.map((problem) => {
        const of = point.find(({ path }) => `${pathText(problem.path)}.`.startsWith(`${path}.`));
        return {
          ...problem,
          path: of ? [...of.where, ...problem.path] : problem.path,
          place: problem.place ?? placeOf(changed, problem.path, problem.part ?? 'value'),
        };
      }),
  };
}

/** Without those that an earlier run has in the same words at the same place. */
export function firstOfEach(problems: readonly Problem[]): Problem[] {
  const known = new Set<string>();
  return problems.filter(({ record, place, path }) => {
    const key = `${place?.start ?? pathText(path)} ${record.code} ${record.message}`;
    return known.size < known.add(key).size;
  });
}

function sweptPaths(root: Traced): { readonly path: string; readonly where: Path }[] {
  return [
    ['sweep', 'grid'],
    ['sweep', 'random', 'over'],
  ].flatMap((where) => {
    const map = nodeAt(root, where);
    return map?.kind === 'map' ? [...map.entries.keys()].map((path) => ({ path, where })) : [];
  });
}

function pathProblems(root: Traced): Problem[] {
  return sweptPaths(root).flatMap(({ path, where }): Problem[] => {
    const refuse = (message: string, hint: string): Problem[] => [
      { record: { code: 'RECIPE_BAD_VALUE', message, hint }, path: [...where, path], part: 'key' },
    ];
    if (!canSweep(path))
      return refuse(
        `\`sweep\` cannot change \`${path}\`: its runs are compared with each other on the same data`,
        'it can change `student`, `teacher`, `losses`, `train`, `baseline`, `adjust` and the training data',
      );
    if (path === 'train.seed')
      return refuse('`sweep` cannot change `train.seed`', 'use `seeds:`, which compares over seeds');
    return [];
  });
}

function seedProblems(root: Traced): Problem[] {
  const seeds = seedsOf(root) ?? [];
  const twice = seeds.findIndex((seed, at) => seeds.indexOf(seed) < at);
  if (twice < 0) return [];
  return [
    {
      record: {
        code: 'RECIPE_BAD_VALUE',
        message: `the seed ${String(seeds[twice])} stands twice in \`seeds\``,
        hint: 'give each once',
      },
      path: ['seeds', twice],
    },
  ];
}

function sizeProblems(root: Traced): Problem[] {
  const trials = nodeAt(root, ['sweep', 'random', 'trials']);
  const points = gridSize(root) * (trials ? Number(toData(trials)) : 1);
  const rungs = rungsOf(root, points);
  const trained = [...rungs.map((rung) => rung.points), rungs.at(-1)?.keep ?? points];
  const runs = trained.reduce((sum, each) => sum + each, 0) * (seedsOf(root)?.length ?? 1);
  if (runs <= mostRuns) return [];
  const key = nodeAt(root, ['sweep']) ? 'sweep' : 'seeds';
  return [
    {
      record: {
        code: 'RECIPE_BAD_VALUE',
        message: `\`${key}\` asks for ${runs.toLocaleString('en')} runs, more than ${mostRuns.toLocaleString('en')}`,
        hint: 'take fewer values, or draw some of them with `random`',
      },
      path: [key],
      part: 'key',
    },
  ];
}

function assignAll(root: Traced, point: Point, problems: Problem[]): Traced {
  let changed = root;
  for (const { path, where, key, value } of point)
    try {
      changed = assignAt(changed, path, value, key);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      problems.push({
        record: { code: 'RECIPE_BAD_VALUE', message: error.message, ...hint },
        path: [...where, path],
        part: 'key',
      });
    }
  return changed;
}

function ownSeed(root: Traced): number {
  const seed = nodeAt(root, ['train', 'seed']);
  return seed?.kind === 'scalar' && typeof seed.value === 'number' ? seed.value : 1;
}

/** `seeds: 3` are three from the recipe's own on. */
function seedsOf(root: Traced): number[] | undefined {
  const node = nodeAt(root, ['seeds']);
  if (!node) return undefined;
  const written = toData(node);
  if (Array.isArray(written)) return written as number[];
  const first = ownSeed(root);
  return Array.from({ length: Number(written) }, (_, at) => first + at);
}

function without(root: TracedMap, keys: readonly string[]): TracedMap {
  return { ...root, entries: new Map([...root.entries].filter(([key]) => !keys.includes(key))) };
}
