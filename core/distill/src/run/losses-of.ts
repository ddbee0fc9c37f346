// The losses that a student is trained by.
import type { LossPlan } from '../recipe/plan.js';
import { readsTeacher } from '../train/learners.js';
import type { WeightedLoss } from '../train/objective.js';
import { valueAt } from '../train/value-at.js';
import { trainingDataOf } from './data.js';
import { disposeLosses, makeLosses } from './assemble.js';
import type { RunContext } from './context.js';
import type { TrainedStage } from './train-student.js';

/** What losses are made from. */
export type LossContext = Pick<RunContext, 'plan' | 'container' | 'data' | 'task' | 'student' | 'teacher'>;

/** The recipe's losses, or for the baseline those that need no teacher. */
export async function lossesOf(
  context: LossContext,
  name: TrainedStage,
  plans: readonly LossPlan[] = context.plan.losses,
): Promise<WeightedLoss[]> {
  const { container, task, student, teacher } = context;
  const { description: data, size } = trainingDataOf(context.data, name);
  const parts = { data, examples: size, student, teacher };
  const made = await makeLosses(plans, container, parts);
  if (name === 'student') return made;
  const own = made.filter(({ loss }) => !readsTeacher(loss));
  disposeLosses(made.filter((loss) => !own.includes(loss)));
  if (own.length > 0) return atFullWeight(own);
  const { hardLoss } = task.task;
  if (hardLoss === undefined) throw new Error('internal: a baseline without a loss');
  const label = typeof hardLoss === 'string' ? hardLoss : hardLoss.use;
  return [
    {
      name: label,
      loss: await container.makeNamed('loss', hardLoss, parts, 'losses'),
      weight: 1,
    },
  ];
}

/**
 * The losses with weights that sum to 1 at each update: in the recipe's mix labels may have a small share, and a baseline
 * with that share would be trained at a fraction of its learning rate. Where the weights sum to nothing, all are equal.
 */
export function atFullWeight(losses: readonly WeightedLoss[]): WeightedLoss[] {
  const share = (own: WeightedLoss, value: (loss: WeightedLoss) => number) => {
    if (losses.length === 1) return 1;
    const sum = losses.reduce((total, loss) => total + value(loss), 0);
    return sum > 0 ? value(own) / sum : 1 / losses.length;
  };
  const constant = losses.every(({ weight }) => typeof weight === 'number');
  return losses.map((own) => ({
    ...own,
    weight: constant
      ? share(own, ({ weight }) => weight as number)
      : (at) => share(own, ({ weight }) => valueAt(weight, at)),
  }));
}
