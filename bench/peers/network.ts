// A member as the TypeScript peers take it: its network at full size and the batches that they go round.
import type { HostTensors, StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { members } from '../members/index.js';
import type { Network, Weight } from '../members/member.js';

export function networkOf(name: string): Network {
  const member = members.find((one) => one.name === name);
  if (!member) throw new Error(`no member ${name}`);
  return member.make('full');
}

/** Batches 0 to `count - 1`, again and again. */
export function goRound<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => items[next++ % items.length] as T;
}

export function batchesOf(network: Network, count: number): HostTensors[] {
  return Array.from({ length: count }, (_, i) => network.batch(i));
}

/** Variables of a network, and how its loss asks for them. */
export function variablesOf({ weights }: Network): {
  readonly variables: readonly {
    readonly name: string;
    readonly variable: tf.Variable;
    readonly trainable: boolean;
  }[];
  readonly weight: (name: string) => tf.Variable;
} {
  const made = ([name, { value, trainable }]: [string, Weight]) => ({
    name,
    variable: tf.variable(tf.tensor(value.data, [...value.shape], value.dtype), trainable),
    trainable,
  });
  const variables = Object.entries(weights).map(made);
  const byName = new Map(variables.map(({ name, variable }) => [name, variable]));
  return {
    variables,
    weight: (name) => {
      const variable = byName.get(name);
      if (!variable) throw new Error(`no weight ${name}`);
      return variable;
    },
  };
}

const drawn = (): never => {
  throw new Error('members of the suite draw nothing at random: no two peers would draw the same');
};

/** For peers that call a member's loss themselves. */
export const trainingContext: StepContext = {
  training: true,
  random: { keepMask: drawn, uniform: drawn, normal: drawn },
};
