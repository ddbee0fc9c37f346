// train.groups, train.freeze, train.accumulate and train.average in whole runs.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatErrors } from 'potstill';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint, readWeights } from '../../src/train/checkpoint.js';
import { studentYaml, Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

/** The weights that the run keeps, and its last checkpoint. */
async function trained(...set: string[]) {
  const { runFolder, summary } = await place.run('student.yaml', {
    set: [
      'teacher={use: tiny/teacher}',
      'train.epochs=2',
      'train.select=last',
      'preflight.enabled=false',
      ...set,
    ],
  });
  const { variables } = await readWeights(join(runFolder, 'student.safetensors'));
  const last = await readCheckpoint(join(runFolder, 'student/last.safetensors'));
  if (!last) throw new Error('no checkpoint');
  const values = (name: string) => Array.from(variables[name]?.data ?? []);
  return { values, last, summary };
}

const names = ['hidden.0.kernel', 'hidden.0.bias', 'logits.kernel', 'logits.bias'];

describe('train.freeze', () => {
  it('keeps the variables named as they were, and trains the others', async () => {
    const first = await trained('train.rate=0');
    expect(Object.keys(first.last.state.variables)).toEqual(expect.arrayContaining(names));
    const { values, last } = await trained("train.freeze=['hidden.0.*']");
    for (const name of names)
      if (name.startsWith('hidden')) expect(values(name)).toEqual(first.values(name));
      else expect(values(name)).not.toEqual(first.values(name));
    expect(Object.keys(last.state.slots).sort()).toEqual(['logits.bias/velocity', 'logits.kernel/velocity']);
  });
});

describe('train.groups', () => {
  it('gives the variables named another rate and weight decay', async () => {
    const first = await trained('train.rate=0');
    const { values } = await trained(
      "train.groups=[{match: '*.bias', rate: 0}, {match: 'logits.*', rate: 0}]",
    );
    expect(values('hidden.0.kernel')).not.toEqual(first.values('hidden.0.kernel'));
    for (const name of names.slice(1)) expect(values(name)).toEqual(first.values(name));
    const decayed = await trained("train.groups=[{match: 'logits.kernel', weightDecay: 20}]");
    const plain = await trained();
    const size = (weights: readonly number[]) => Math.hypot(...weights);
    expect(size(decayed.values('logits.kernel'))).toBeLessThan(0.9 * size(plain.values('logits.kernel')));
  });

  it('and train.freeze say at which line a name is wrong, before the teacher is trained', async () => {
    const train =
      'train:\n  epochs: 1\n  groups:\n    - match: logit.*\n    - { match: "*.kernel" }\n    - { match: "logits.kernel", rate: 2 }\n  freeze: [hidden.0.*, hidden.7.bias]';
    await place.write('student.yaml', studentYaml.replace(/train: \{.*\}\n(?=threads)/, `${train}\n`));
    const error: unknown = await place.run('student.yaml').catch((reason: unknown) => reason);
    expect(place.stages()).toEqual([]);
    const told = formatErrors(error);
    expect(told.split('error[').length).toBe(4);
    expect(told).toContain(
      'error[RECIPE_BAD_VALUE]: no variable of the student `mlp` is named like `logit.*`',
    );
    expect(told).toMatch(/student\.yaml:16:14\n/);
    expect(told).toContain('    - match: logit.*\n');
    expect(told).toContain(`allowed: ${names.join(', ')}`);
    expect(told).toContain('every variable named like `logits.kernel` is in an earlier group');
    expect(told).toContain('no variable of the student `mlp` is named like `hidden.7.bias`');
    expect(told).toMatch(/student\.yaml:19:24\n/);
  });
});

describe('train.accumulate', () => {
  it('makes one update of several batches, at the rate of a schedule that counts updates', async () => {
    const set = ['train.rate={use: linear, from: 0.1, to: 0.05}', 'train.accumulate=4'];
    const { last, summary } = await trained(...set);
    // Two epochs of five batches: two updates, and two batches of the next.
    expect(last.state.step).toBe(10);
    expect(last.position.history.map(({ metrics }) => metrics.rate)).toEqual([
      expect.closeTo(0.075, 10),
      0.05,
    ]);
    expect(last.state.slots['logits.kernel/accumulated']?.data.some((value) => value !== 0)).toBe(true);
    expect(summary.student.figures.errors).toBeLessThan(60);
  });

  it('is refused when the training ends before the first update', async () => {
    const error: unknown = await trained('train.accumulate=11').catch((reason: unknown) => reason);
    expect(formatErrors(error)).toContain(
      '`train.accumulate` makes one update of 11 batches, and the whole training has 10',
    );
  });
});

describe('train.average', () => {
  it('validates and keeps the average of the weights', async () => {
    const set = ['train.epochs=3', 'train.rate=0.3', 'train.select=accuracy'];
    const plain = await trained(...set);
    const { values, last } = await trained(...set, 'train.average=0.9');
    const { state, position } = last;
    // The training itself is the same.
    for (const name of names)
      expect(state.variables[name]?.data).toEqual(plain.last.state.variables[name]?.data);
    const metrics = (history: typeof position.history) => history.map((record) => record.metrics);
    expect(metrics(position.history).map(({ loss }) => loss)).toEqual(
      metrics(plain.last.position.history).map(({ loss }) => loss),
    );
    expect(metrics(position.history).map((epoch) => epoch.crossEntropy)).not.toEqual(
      metrics(plain.last.position.history).map((epoch) => epoch.crossEntropy),
    );
    expect(position.best?.epoch).toBe(3);
    for (const name of names)
      expect(values(name)).toEqual(Array.from(state.slots[`${name}/average`]?.data ?? []));
  });

  it('keeps the average of the last epoch where nothing is selected', async () => {
    const { values, last } = await trained('train.average=0.9');
    for (const name of names) {
      expect(values(name)).toEqual(Array.from(last.state.slots[`${name}/average`]?.data ?? []));
      expect(values(name)).not.toEqual(Array.from(last.state.variables[name]?.data ?? []));
    }
  });
});
