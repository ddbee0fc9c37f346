// The variables of a training by the update rule that they have: those of the definition itself, and its groups.
import { EngineError } from '../errors.js';
import type { NamedVariable, Optimizer, TrainingDefinition, Turns } from '../types.js';

/** Variables that are updated by one rule at one rate. */
export interface UpdateGroup {
  /** Undefined: those of the definition that are in no group. */
  readonly name: string | undefined;
  readonly optimizer: Optimizer;
  /** The scalar of the loss function that they minimize. */
  readonly term: string;
  readonly turns: Turns | undefined;
}

/** The definition's own first. */
export function groupsOf({ optimizer, turns, groups = [] }: TrainingDefinition): UpdateGroup[] {
  return [
    { name: undefined, optimizer, term: 'loss', turns },
    ...groups.map((group) => ({
      name: group.name,
      optimizer: group.optimizer,
      term: group.minimizes ?? 'loss',
      turns: group.turns,
    })),
  ];
}

/** The group of each variable, by its name. */
export function groupOf(definition: TrainingDefinition): (variable: NamedVariable) => UpdateGroup {
  const all = groupsOf(definition);
  const [own] = all as [UpdateGroup];
  const known = new Map(
    (definition.groups ?? []).flatMap(({ variables }, i) =>
      variables.map((name) => [name, all[i + 1] as UpdateGroup] as const),
    ),
  );
  return ({ name }) => known.get(name) ?? own;
}

/** Whether update number `update`, from 1, is one of those turns. */
function isTurn(turns: Turns | undefined, update: number): boolean {
  if (!turns) return true;
  const at = (update - 1) % turns.every;
  return at >= turns.from && at < turns.to;
}

/** How many of the updates up to number `update` are turns of the group. */
export function updatesOf({ turns }: UpdateGroup, update: number): number {
  if (!turns) return update;
  const { every, from, to } = turns;
  const begun = Math.min(to - from, Math.max(0, (update % every) - from));
  return Math.floor(update / every) * (to - from) + begun;
}

/** The definition with the groups that have no turn at this update held still. */
export function definitionAt(definition: TrainingDefinition, update: number): TrainingDefinition {
  const still = groupsOf(definition).filter(({ turns }) => !isTurn(turns, update));
  if (still.length === 0) return definition;
  const of = groupOf(definition);
  const names = new Set(still.map(({ name }) => name));
  return {
    ...definition,
    variables: definition.variables.map((variable) =>
      names.has(of(variable).name) ? { ...variable, trainable: false } : variable,
    ),
  };
}

/** Names the groups that have a turn; empty where there are no turns. */
export function turnsKey(definition: TrainingDefinition, update: number): string {
  const all = groupsOf(definition);
  if (all.every(({ turns }) => !turns)) return '';
  return all.map(({ turns }) => (isTurn(turns, update) ? '1' : '0')).join('');
}

/** Refuses groups that cannot be trained. */
export function checkGroups(definition: TrainingDefinition): void {
  const refuse = (message: string, hint?: string): never => {
    throw new EngineError('ENGINE_OPTION', message, hint === undefined ? {} : { hint });
  };
  const known = new Set(definition.variables.map(({ name }) => name));
  const taken = new Map<string, string>();
  const names = new Set<string>();
  for (const { name, variables } of definition.groups ?? []) {
    if (names.has(name)) refuse(`two groups have the name \`${name}\``);
    names.add(name);
    for (const variable of variables) {
      if (!known.has(variable))
        refuse(
          `the group \`${name}\` names the variable \`${variable}\`, which the definition does not have`,
        );
      const other = taken.get(variable);
      if (other !== undefined)
        refuse(`the variable \`${variable}\` is in the groups \`${other}\` and \`${name}\``);
      taken.set(variable, name);
    }
  }
  for (const { name, turns, optimizer } of groupsOf(definition)) {
    const who = name === undefined ? 'the definition' : `the group \`${name}\``;
    if (turns) {
      const { every, from, to } = turns;
      if (![every, from, to].every(Number.isInteger) || from < 0 || to <= from || to > every)
        refuse(
          `${who}: the turns are from ${from} to ${to} of every ${every}; expected whole numbers with 0 <= from < to <= every`,
        );
    }
    if (optimizer.terms && (definition.accumulate ?? 1) > 1)
      refuse(
        `${who}: the optimizer ${optimizer.name} takes the gradients of terms apart, which accumulated gradients do not keep`,
        'Leave out `accumulate`, or use another optimizer.',
      );
    if (optimizer.terms && optimizer.transformGradients)
      refuse(
        `${who}: the optimizer ${optimizer.name} takes the gradients of terms apart, which cannot be clipped together`,
        'Leave out clipping, or use another optimizer.',
      );
  }
}
