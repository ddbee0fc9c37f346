// `sweep`: the points that are run, each a value for every swept path.
import { randomStream } from '@potstill/engine';
import { canonicalJson } from './plain-data.js';
import { nodeAt, toData, type Path, type Place, type Traced, type TracedMap } from './trace.js';

/** A value that a point gives a path: where the path and the value are written. */
export interface PointValue {
  readonly path: string;
  /** Where the path is written: `sweep.grid` or `sweep.random.over`. */
  readonly where: Path;
  readonly key: Place;
  readonly value: Traced;
}

export type Point = readonly PointValue[];

const gridAt: Path = ['sweep', 'grid'];
const overAt: Path = ['sweep', 'random', 'over'];

interface Swept extends Omit<PointValue, 'value'> {
  readonly written: Traced;
}

/** Swept paths and what is written for each, in the recipe's order. */
function swept(root: Traced, where: Path): Swept[] {
  const map = nodeAt(root, where);
  if (map?.kind !== 'map') return [];
  return [...map.entries].map(([path, { key, value }]) => ({ path, key, where, written: value }));
}

function items(node: Traced): readonly Traced[] {
  return node.kind === 'list' ? node.items : [];
}

/** All points of a sweep of the right form, each once; of a grid the last path changes fastest. Without a sweep, one without values. */
export function sweepPoints(root: Traced): Point[] {
  const grid = swept(root, gridAt);
  const points = nodeAt(root, ['sweep', 'random']) ? randomPoints(root) : combinations(grid);
  const known = new Set<string>();
  return points.filter((point) => {
    const key = canonicalJson(point.map(({ path, value }) => [path, toData(value)]));
    return known.size < known.add(key).size;
  });
}

/** How many runs a grid asks for. */
export function gridSize(root: Traced): number {
  return swept(root, gridAt).reduce((product, { written }) => product * items(written).length, 1);
}

function combinations(grid: readonly Swept[]): Point[] {
  return grid.reduce<Point[]>(
    (points, { written, ...of }) =>
      points.flatMap((point) => items(written).map((value): Point => [...point, { ...of, value }])),
    [[]],
  );
}

function randomPoints(root: Traced): Point[] {
  const random = nodeAt(root, ['sweep', 'random']);
  const { trials = 0, seed = 1 } = (random ? toData(random) : {}) as { trials?: number; seed?: number };
  const paths = swept(root, overAt);
  // A stream for each path, so that another path beside it changes none of its values.
  const draws = paths.map(({ path }) => randomStream(seed).child('sweep').child(path).uniform(trials));
  return Array.from({ length: trials }, (_, trial) =>
    paths.map(({ written, ...of }, at) => ({
      ...of,
      value: drawn(written, draws[at]?.[trial] ?? 0),
    })),
  );
}

/** What stands at `share`, from 0 to below 1, of what may be drawn. */
function drawn(written: Traced, share: number): Traced {
  const list = items(written);
  if (list.length > 0) return list[Math.floor(share * list.length)] as Traced;
  const { at } = written as TracedMap;
  const place = (written as TracedMap).entries.values().next().value?.value.at ?? at;
  return { kind: 'scalar', value: inRange(toData(written) as Ranges, share), at: place };
}

interface Ranges {
  readonly uniform?: readonly [number, number];
  readonly log?: readonly [number, number];
  readonly integers?: readonly [number, number];
}

function inRange({ uniform, log, integers }: Ranges, share: number): number {
  if (integers) return integers[0] + Math.floor(share * (integers[1] - integers[0] + 1));
  if (uniform) return readable(uniform[0] + share * (uniform[1] - uniform[0]));
  const [low, high] = log ?? [1, 1];
  return readable(low * (high / low) ** share);
}

/** Four digits say what a value is worth, and can be written into a recipe by hand. */
function readable(value: number): number {
  return Number(value.toPrecision(4));
}
