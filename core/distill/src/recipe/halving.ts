// `sweep.halving`: short trainings of all points, longer ones of the best, the whole training of what is left.
// Source: Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", Algorithm 1.
import { assignAt } from './overrides.js';
import type { Problem } from './problems.js';
import { nodeAt, placeOf, toData, type Path, type Traced } from './trace.js';

/** Trainings of so many epochs, before those that are whole. */
export interface Rung {
  readonly epochs: number;
  /** Points that are trained so, and how many of them go on. */
  readonly points: number;
  readonly keep: number;
}

const where: Path = ['sweep', 'halving'];

/** Epochs are multiplied and points divided by the factor until the training is whole or one point is left. */
export function rungsOf(root: Traced, points: number): Rung[] {
  const halving = nodeAt(root, where);
  if (!halving) return [];
  const { epochs: first, factor = 3 } = toData(halving) as { epochs: number; factor?: number };
  const rungs: Rung[] = [];
  for (let epochs = first, left = points; epochs < epochsOf(root) && left > 1; epochs *= factor) {
    const keep = Math.ceil(left / factor);
    rungs.push({ epochs, points: left, keep });
    left = keep;
  }
  return rungs;
}

/** The recipe of a point on a rung: so many epochs, and nothing that is not needed to compare it. */
export function onRung(root: Traced, of: Traced, { epochs }: Rung): Traced {
  const at = placeOf(of, where, 'value');
  const short = assignAt(root, 'train.epochs', { kind: 'scalar', value: epochs, at }, at);
  const alone = assignAt(short, 'baseline', { kind: 'scalar', value: false, at }, at);
  return assignAt(alone, 'export', { kind: 'list', items: [], at }, at);
}

/** Of a recipe of the right form. */
export function halvingProblems(root: Traced): Problem[] {
  const halving = nodeAt(root, where);
  if (!halving) return [];
  const refuse = (message: string, hint: string, ...below: string[]): Problem[] => [
    {
      record: { code: 'RECIPE_BAD_VALUE', message, hint },
      path: [...where, ...below],
      part: below.length > 0 ? 'value' : 'key',
    },
  ];
  if (nodeAt(root, ['stages']))
    return refuse(
      '`sweep.halving` shortens `train.epochs`, and the recipe has stages, which may have their own',
      'sweep the stages without `halving`',
    );
  const swept = [
    ['sweep', 'grid'],
    ['sweep', 'random', 'over'],
  ].some((each) => ['train', 'train.epochs'].some((path) => nodeAt(root, [...each, path])));
  if (swept)
    return refuse('`sweep.halving` chooses `train.epochs`, which is swept too', 'remove one of them');
  const { epochs } = toData(halving) as { epochs: number };
  if (epochs < epochsOf(root)) return [];
  return refuse(
    `the first rung has ${epochs} epochs, and the whole training ${epochsOf(root)}`,
    'begin with fewer',
    'epochs',
  );
}

function epochsOf(root: Traced): number {
  const node = nodeAt(root, ['train', 'epochs']);
  return node ? Number(toData(node)) : 0;
}
