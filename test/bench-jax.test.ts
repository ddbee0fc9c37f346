// The benchmark's members in jax-js train as they do in TF.js; at full size the benchmark compares first losses itself.
import { defaultDevice, init, jit } from '@jax-js/jax';
import { withGradients } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { twins } from '../bench/jax/index.js';
import { inputsOf, training, updateOf } from '../bench/jax/step.js';
import type { Twin } from '../bench/jax/layers.js';
import { members } from '../bench/members/index.js';
import type { Network } from '../bench/members/member.js';
import { trainingContext, variablesOf } from '../bench/peers/network.js';

const steps = 4;

/** On one batch, so that each update shows in the loss after it. */
async function inTfjs(network: Network): Promise<number[]> {
  await tf.setBackend('cpu');
  const { variables, weight } = variablesOf(network);
  const trained = variables.flatMap(({ variable, trainable }) => (trainable ? [variable] : []));
  const optimizer = tf.train.momentum(network.rate, 0.9);
  const batch = Object.fromEntries(
    Object.entries(network.batch(0)).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
  return Array.from({ length: steps }, () => {
    // TF.js alone has no gradient of dilated convolutions.
    const loss = withGradients(() =>
      optimizer.minimize(() => network.loss(batch, weight, trainingContext).loss, true, trained),
    );
    return (loss as tf.Scalar).dataSync()[0] as number;
  });
}

async function inJax(network: Network, twin: Twin, compiled: boolean): Promise<number[]> {
  const update = updateOf(twin, network.rate);
  const step = await training(network, compiled ? jit(update) : update, [inputsOf(twin, network.batch(0))]);
  const losses: number[] = [];
  while (losses.length < steps) losses.push(await step());
  return losses;
}

describe('members in jax-js', () => {
  beforeAll(async () => {
    await init('wasm');
    defaultDevice('wasm');
  });

  it('are all of the suite', () => {
    expect(Object.keys(twins).sort()).toEqual(members.map(({ name }) => name).sort());
  });

  const all = members.map((member) => ({ member, compiled: true }));
  const eager = members.flatMap((member) => (member.name === 'cnn' ? [{ member, compiled: false }] : []));
  it.each([...all, ...eager])(
    '$member.name, jit $compiled: losses of four steps are those of TF.js',
    async ({ member, compiled }) => {
      const network = member.make('small');
      const wanted = await inTfjs(network);
      const losses = await inJax(network, twins[member.name] as Twin, compiled);
      expect(wanted[0]).not.toBe(wanted[steps - 1]);
      losses.forEach((loss, i) => {
        expect(Math.abs(loss / (wanted[i] as number) - 1)).toBeLessThan(1e-4);
      });
    },
  );
});
