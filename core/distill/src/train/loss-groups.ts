// Variables of losses that are trained apart from the student's: by another rule, at another rate, for another aim.
import type { Turns } from '@potstill/engine';
import type { Schedule, ScheduleAt } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { LossGroup, Objective, WeightedLoss } from './objective.js';
import { valueAt } from './value-at.js';

/** The scalar that the variables of a loss minimise. */
export function ownTerm(name: string): string {
  return `own.${name}`;
}

/** @throws PotstillError LOSS_INVALID where losses want the student trained in different updates. */
export function lossGroups(losses: readonly WeightedLoss[]): Pick<Objective, 'groups' | 'turns' | 'rates'> {
  const groups: LossGroup[] = [];
  const rates: Record<string, number | Schedule> = {};
  let turns: Turns | undefined;
  for (const { name, loss, optimizer, rate } of losses) {
    const { training = {}, variables = [] } = loss;
    const { studentTurns } = training;
    if (turns && studentTurns && JSON.stringify(turns) !== JSON.stringify(studentTurns))
      throw new PotstillError({
        code: 'LOSS_INVALID',
        message: `the loss \`${name}\` trains the student in other updates than another loss of the recipe does`,
      });
    turns ??= studentTurns;
    const ownRate = rate ?? training.rate;
    const ownOptimizer = optimizer ?? training.optimizer;
    const settings = [ownOptimizer, ownRate, training.turns];
    const apart = loss.own !== undefined || settings.some((each) => each !== undefined);
    if (variables.length === 0 || !apart) continue;
    groups.push({
      name,
      variables: variables.map((each) => `losses/${name}/${each.name}`),
      optimizer: ownOptimizer,
      ...(loss.own ? { minimizes: ownTerm(name) } : {}),
      ...(training.turns ? { turns: training.turns } : {}),
    });
    if (ownRate !== undefined) rates[name] = ownRate;
  }
  return {
    groups,
    turns,
    rates: (at: ScheduleAt) =>
      Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, valueAt(value, at)])),
  };
}
