// From the plan's lines about training to what the trainer takes.
import {
  averaged,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  matchesName,
  maxNorm,
  withGroups,
  type Optimizer,
  type ParameterGroup,
} from '@potstill/engine';
import type { DataDescription, GraphTeacher, Schedule, Student, Teacher } from '../contracts/index.js';
import type { ComponentPlan, LossPlan, TrainPlan } from '../recipe/plan.js';
import type { WeightedLoss } from '../train/objective.js';
import type { RunContainer } from '../container/run-container.js';

/** A number as it is, a schedule made. */
export async function makeSchedule(
  value: number | ComponentPlan<'schedule'>,
  container: RunContainer,
): Promise<number | Schedule> {
  return typeof value === 'number' ? value : container.make(value, {});
}

/** The update rule with the recipe's limits around it: gradients clipped first, weights held after the update; then groups and the average. */
export async function makeOptimizer(
  train: TrainPlan,
  container: RunContainer,
  taughtBy?: GraphTeacher,
): Promise<Optimizer> {
  const { clip, groups, average } = train;
  let optimizer = await container.make(train.optimizer, {});
  if (clip && 'value' in clip) optimizer = clipByValue(optimizer, clip.value);
  if (clip && 'norm' in clip) optimizer = clipByNorm(optimizer, clip.norm);
  if (clip && 'globalNorm' in clip) optimizer = clipByGlobalNorm(optimizer, clip.globalNorm);
  if (train.maxNorm !== undefined) optimizer = maxNorm(optimizer, train.maxNorm);
  // Of what is undefined the engine's type says that it is not there.
  if (groups)
    optimizer = withGroups(optimizer, [...groups, ...ofPeers(groups, taughtBy)] as readonly ParameterGroup[]);
  return average === undefined ? optimizer : averaged(optimizer, average, { warmUp: true });
}

/** The same groups for the variables of peers, where these have some that fit. */
function ofPeers(groups: NonNullable<TrainPlan['groups']>, taughtBy: GraphTeacher | undefined) {
  return Object.entries(taughtBy?.peers?.students ?? {}).flatMap(([peer, { variables }]) =>
    groups.flatMap((group) =>
      variables.some(({ name }) => matchesName(group.match, name))
        ? [{ ...group, match: `peers/${peer}/${group.match}` }]
        : [],
    ),
  );
}

/** All losses of the recipe. Each call makes new ones, so that no training uses another's variables. */
export async function makeLosses(
  plans: readonly LossPlan[],
  container: RunContainer,
  context: {
    readonly data: DataDescription;
    readonly examples: number;
    readonly student: Student;
    readonly teacher: Teacher | undefined;
  },
): Promise<WeightedLoss[]> {
  const losses: WeightedLoss[] = [];
  for (const { name, component, weight, optimizer, rate } of plans)
    losses.push({
      name,
      ...(optimizer ? { optimizer: await container.make(optimizer, {}) } : {}),
      ...(rate === undefined ? {} : { rate: await makeSchedule(rate, container) }),
      loss: await container.make(component, context),
      weight: await makeSchedule(weight, container),
    });
  return losses;
}

/** Frees the variables of losses; the student's are its own. */
export function disposeLosses(losses: readonly WeightedLoss[]): void {
  for (const { loss } of losses) for (const { variable } of loss.variables ?? []) variable.dispose();
}
