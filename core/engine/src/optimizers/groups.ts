// Parameter groups and frozen parameters: chosen by the names of variables.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { NamedVariable, Optimizer } from '../types.js';
import { checkNonNegative } from '../option-checks.js';
import { checkMatches, matchesName, type NamePattern } from './names.js';

/** How the variables of one group are trained. What is left out stays as it is. */
export interface ParameterGroup {
  /** Names of the variables: a glob (`encoder/*`, where `*` stands for any characters) or a regular expression. */
  readonly match: NamePattern;
  /** Factor of the learning rate, at least 0. Default 1. */
  readonly rate?: number;
  /** Weight decay in place of the rule's own, where a variable decays. */
  readonly weightDecay?: number;
  /** Whether weight decay and max-norm act on the group at all. Default: as each variable says. */
  readonly decay?: boolean;
}

/**
 * The same rule with other settings for some variables. A variable belongs to the first group whose `match` fits its name;
 * those that fit none are trained as before. Give it last, around limits (`withGroups(maxNorm(…))`), so that limits know
 * which variables decay. Errors: `ENGINE_OPTION` for a negative factor, and, when training starts, for a pattern that no
 * variable fits, or only such as an earlier group has taken.
 */
export function withGroups(optimizer: Optimizer, groups: readonly ParameterGroup[]): Optimizer {
  for (const [i, { rate, weightDecay }] of groups.entries()) {
    if (rate !== undefined) checkNonNegative('withGroups', `groups[${i}].rate`, rate);
    if (weightDecay !== undefined) checkNonNegative('withGroups', `groups[${i}].weightDecay`, weightDecay);
  }
  const groupOf = (variable: NamedVariable): ParameterGroup | undefined =>
    groups.find(({ match }) => matchesName(match, variable.name));
  const inGroup = (variable: NamedVariable): NamedVariable => {
    const decay = groupOf(variable)?.decay;
    return decay === undefined ? variable : { ...variable, decay };
  };
  return {
    ...optimizer,
    constrain: (value, variable) => optimizer.constrain?.(value, inGroup(variable)) ?? value,
    update(value, gradient, slots, at) {
      const { rate = 1, weightDecay } = groupOf(at.variable) ?? {};
      return optimizer.update(value, gradient, slots, {
        ...at,
        variable: inGroup(at.variable),
        rate: rate === 1 ? at.rate : tf.mul(at.rate, rate),
        ...(weightDecay === undefined ? {} : { weightDecay }),
      });
    },
    check(variables) {
      optimizer.check?.(variables);
      for (const [i, group] of groups.entries()) {
        checkMatches(`withGroups: groups[${i}]`, group.match, variables);
        if (!variables.some((variable) => groupOf(variable) === group))
          throw new EngineError(
            'ENGINE_OPTION',
            `withGroups: groups[${i}]: every variable that matches \`${String(group.match)}\` is in an earlier group`,
            {
              hint: 'A variable belongs to the first group that matches: put narrow patterns before wide ones.',
            },
          );
      }
    },
  };
}

/**
 * The variables with those that fit one of the patterns marked `trainable: false`. Statistics that the forward pass assigns
 * (batch norm) change on. A pattern that no variable fits is `ENGINE_OPTION`.
 */
export function freeze(
  variables: readonly NamedVariable[],
  patterns: readonly NamePattern[],
): readonly NamedVariable[] {
  for (const pattern of patterns) checkMatches('freeze', pattern, variables);
  return variables.map((variable) =>
    patterns.some((pattern) => matchesName(pattern, variable.name))
      ? { ...variable, trainable: false }
      : variable,
  );
}
