// Parameter groups and frozen parameters: who is meant by a name, what changes for them, what an unmatched name says.
import {
  adamw,
  createEngine,
  EngineError,
  freeze,
  matchesName,
  maxNorm,
  randomStream,
  sgd,
  withGroups,
  type NamedVariable,
  type Optimizer,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyGradients } from './eager.js';

beforeAll(() => tf.setBackend('cpu'));

const named = (name: string, shape: number[] = [1, 1], fill = 2): NamedVariable => ({
  name,
  variable: tf.variable(tf.fill(shape, fill)),
});

/** Values after one update with a gradient of 1 and a rate of 0.5. */
function updated(optimizer: Optimizer, variables: readonly NamedVariable[]): number[] {
  optimizer.check?.(variables);
  applyGradients(
    optimizer,
    { variables, slots: new Map() },
    { rate: 0.5, step: 1 },
    variables.map(({ variable }) => tf.onesLike(variable)),
  );
  return variables.map(({ variable }) => variable.dataSync()[0] as number);
}

function errorOf(body: () => unknown): EngineError {
  try {
    body();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('matchesName', () => {
  it.each([
    ['encoder/*', 'encoder/block-1/kernel', true],
    ['*/bias', 'encoder/block-1/bias', true],
    ['*/bias', 'bias', false],
    ['block-?/kernel', 'block-1/kernel', true],
    ['block-?/kernel', 'block-12/kernel', false],
    ['a.b', 'axb', false],
    ['[a]{1}(b)|c+$^\\', '[a]{1}(b)|c+$^\\', true],
    ['kernel', 'kernel/2', false],
    ['', '', true],
    ['*', '', true],
    [/bias$/, 'encoder/bias', true],
    [/^bias/, 'encoder/bias', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matchesName(pattern, name)).toBe(expected);
  });

  it('takes a regular expression with a memory the same every time', () => {
    const pattern = /b/g;
    expect([1, 2, 3].map(() => matchesName(pattern, 'ab'))).toEqual([true, true, true]);
  });

  it('takes every name for itself, and for a star', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(matchesName('*', name)).toBe(true);
        if (!/[*?]/.test(name)) expect(matchesName(name, name)).toBe(true);
      }),
    );
  });
});

describe('withGroups', () => {
  it('scales the rate of the variables named, and no others', () => {
    const optimizer = withGroups(sgd(), [
      { match: 'head/*', rate: 2 },
      { match: /^body/, rate: 0 },
    ]);
    const variables = [named('head/kernel'), named('body/kernel'), named('stem/kernel')];
    expect(updated(optimizer, variables)).toEqual([1, 2, 1.5]);
  });

  it('gives a group its own weight decay, and says whether it decays', () => {
    const optimizer = withGroups(adamw({ weightDecay: 0 }), [
      { match: 'a', weightDecay: 0.5 },
      { match: 'b', weightDecay: 0.5, decay: false },
      { match: 'c', weightDecay: 0.5, decay: true },
    ]);
    const values = updated(optimizer, [named('a'), named('b'), named('c', [1]), named('d')]);
    [1, 1.5, 1, 1.5].forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
  });

  it('takes the rule’s own weight decay away with one of 0', () => {
    const optimizer = withGroups(sgd({ weightDecay: 1 }), [{ match: 'b', weightDecay: 0 }]);
    expect(updated(optimizer, [named('a'), named('b')])).toEqual([0.5, 1.5]);
  });

  it('tells the limits that it is put around which variables decay', () => {
    const optimizer = withGroups(maxNorm(sgd(), 1), [{ match: 'b', decay: false }]);
    expect(updated(optimizer, [named('a'), named('b')])).toEqual([1, 1.5]);
  });

  it('counts the first group that fits', () => {
    const groups = [
      { match: 'head/bias', rate: 0 },
      { match: 'head/*', rate: 2 },
    ];
    expect(updated(withGroups(sgd(), groups), [named('head/bias'), named('head/kernel')])).toEqual([2, 1]);
    const turned = withGroups(sgd(), [...groups].reverse());
    const error = errorOf(() => turned.check?.([named('head/bias'), named('head/kernel')]));
    expect(error.message).toBe(
      'withGroups: groups[1]: every variable that matches `head/bias` is in an earlier group',
    );
    expect(error.hint).toContain('narrow patterns before wide ones');
  });

  it('nests: factors multiply', () => {
    const optimizer = withGroups(withGroups(sgd(), [{ match: '*', rate: 0.5 }]), [{ match: 'a', rate: 0.5 }]);
    expect(updated(optimizer, [named('a'), named('b')])).toEqual([1.875, 1.75]);
  });

  it('refuses, when training starts, a pattern that fits nothing, and lists the names near it', async () => {
    const variables = [
      'stem/kernel',
      'block-1/kernel',
      'block-1/bias',
      'block-2/kernel',
      'x',
      'y',
      'head',
    ].map((name) => named(name));
    const optimizer = withGroups(sgd(), [{ match: 'block1/*', rate: 2 }]);
    for (const backend of ['onnx', 'cpu'] as const) {
      const engine = await createEngine({ backend });
      const definition = {
        variables,
        optimizer,
        random: randomStream(1),
        loss: () => ({ loss: tf.sum<tf.Scalar>((variables[0] as NamedVariable).variable) }),
      };
      const error: unknown = await engine.training(definition).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'ENGINE_OPTION',
        message: 'withGroups: groups[0]: no variable name matches `block1/*`',
      });
      expect((error as EngineError).hint).toMatch(
        /^The nearest of 7 names: `block-1\/bias`, `block-1\/kernel`, `block-2\/kernel`/,
      );
      await engine.dispose();
    }
  });

  it('refuses factors below 0', () => {
    expect(errorOf(() => withGroups(sgd(), [{ match: '*', rate: -1 }])).message).toBe(
      'withGroups: groups[0].rate is -1, it must be a number of at least 0',
    );
    expect(errorOf(() => withGroups(sgd(), [{ match: '*', weightDecay: Number.NaN }])).message).toBe(
      'withGroups: groups[0].weightDecay is NaN, it must be a number of at least 0',
    );
  });
});

describe('freeze', () => {
  it('marks the variables named as not trainable, and leaves the others as they are', () => {
    const variables = [named('a/kernel'), { ...named('a/mean'), trainable: false }, named('b/kernel')];
    const frozen = freeze(variables, ['a/*']);
    expect(frozen.map(({ trainable }) => trainable)).toEqual([false, false, undefined]);
    expect(frozen[2]).toBe(variables[2]);
    expect(frozen[0]?.variable).toBe(variables[0]?.variable);
    expect(freeze(variables, [])).toEqual(variables);
  });

  it('refuses a pattern that fits nothing', () => {
    const error = errorOf(() => freeze([named('a/kernel')], [/bias/]));
    expect(error).toMatchObject({
      code: 'ENGINE_OPTION',
      message: 'freeze: no variable name matches `/bias/`',
      hint: 'The names there are: `a/kernel`. In a glob, `*` stands for any characters.',
    });
    expect(errorOf(() => freeze([], ['*'])).hint).toBe('There are no variables.');
  });
});
