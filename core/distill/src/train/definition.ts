// An objective as the engine trains it.
import type { Optimizer, RandomStream, TrainingDefinition, TrainingGroup } from '@potstill/engine';
import { PotstillError } from '../errors/potstill-error.js';
import type { Objective } from './objective.js';

export interface DefinitionOptions {
  readonly optimizer: Optimizer;
  readonly random: RandomStream;
  readonly accumulate?: number;
}

/** Losses whose variables are trained apart, and that name no optimizer, have one like the student's. */
export function definitionOf(
  { variables, groups, turns, loss }: Objective,
  { optimizer, random, accumulate }: DefinitionOptions,
): TrainingDefinition {
  const apart = optimizer.terms !== undefined;
  return {
    variables,
    loss: (inputs, at) => loss(inputs, at, apart),
    optimizer,
    random,
    groups: groups.map(({ optimizer: own, ...group }): TrainingGroup => {
      if (!own && apart)
        throw new PotstillError({
          code: 'RECIPE_BAD_VALUE',
          message: `the variables of the loss \`${group.name}\` are trained apart, which the optimizer \`${optimizer.name}\` cannot do`,
          path: 'losses',
          hint: 'Give that loss an `optimizer` of its own.',
        });
      return { ...group, optimizer: own ?? likeStudents(optimizer) };
    }),
    ...(turns ? { turns } : {}),
    ...(accumulate === undefined ? {} : { accumulate }),
  };
}

/** Patterns of names are meant for the student's variables. */
function likeStudents(optimizer: Optimizer): Optimizer {
  return { ...optimizer, check: () => undefined };
}
