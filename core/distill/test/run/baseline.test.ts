// The baseline gets a fair chance: labels at full weight, settings of its own, a rate chosen with the same effort.
import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { atFullWeight } from '../../src/run/losses-of.js';
import type { EpochRecord } from '../../src/train/checkpoint.js';
import { readWeights } from '../../src/train/checkpoint.js';
import { valueAt } from '../../src/train/value-at.js';
import { hard } from '../train/tiny.js';
import { studentYaml, Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';

async function run(...set: string[]) {
  return place.run('student.yaml', { set: [component, ...set] });
}

async function weights(runFolder: string, ...names: string[]) {
  return (await readWeights(join(runFolder, ...names))).variables;
}

async function history(runFolder: string, stage: string): Promise<EpochRecord['metrics'][]> {
  const lines = (await readFile(join(runFolder, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as EpochRecord['metrics'] & { readonly stage: unknown })
    .filter((row) => row.stage === stage);
}

describe('the baseline', () => {
  it('learns from labels at full weight, whatever their share in the mix', async () => {
    const small = await run('losses.0.weight=0.03');
    const full = await run('losses.0.weight=1');
    expect(await weights(small.runFolder, 'baseline/best.safetensors')).toEqual(
      await weights(full.runFolder, 'baseline/best.safetensors'),
    );
    expect(await weights(small.runFolder, 'student/best.safetensors')).not.toEqual(
      await weights(full.runFolder, 'student/best.safetensors'),
    );
  });

  it("is trained by the recipe's own teacher-free loss", async () => {
    const { runFolder } = await run(
      'losses=[{ use: cross-entropy, labelSmoothing: 0.1, weight: 0.2, name: own }, { use: soft-targets }]',
    );
    const [first] = await history(runFolder, 'baseline');
    expect(first?.loss).toBe(first?.['loss.own']);
  });

  it('is left out, and that is said, when neither a loss nor the data can train it', async () => {
    const { summary } = await run(
      'data={train: {use: tiny/points, target: false}}',
      'losses=[soft-targets]',
      'evaluate=[agreement]',
      'train.select=last',
    );
    expect(summary.baseline).toBeNull();
    expect(summary.warnings.map(({ code }) => code)).toContain('RUN_NO_BASELINE');
    expect(place.stages()).not.toContain('baseline');
  });

  it('has settings of its own, and they change nothing else', async () => {
    const plain = await run();
    const own = await run('baseline={set: {train.rate: 0.2, train.epochs: 5, train.optimizer: adam}}');
    expect(await history(own.runFolder, 'baseline')).toHaveLength(5);
    expect((await history(own.runFolder, 'baseline'))[0]?.rate).toBe(0.2);
    expect(await weights(own.runFolder, 'student.safetensors')).toEqual(
      await weights(plain.runFolder, 'student.safetensors'),
    );
  });

  it('alone is trained again when its settings change', async () => {
    await run('baseline={set: {train.epochs: 2}}');
    place.stages();
    const again = await place.run('student.yaml', {
      set: [component, 'baseline={set: {train.epochs: 4}}'],
      resume: true,
    });
    expect(place.stages()).toEqual(['baseline', 'evaluate', 'export', 'report']);
    expect(await history(again.runFolder, 'baseline')).toHaveLength(4);
  });
});

describe('a search for the learning rate', () => {
  const search = ['train.select=crossEntropy', 'train.rate=0.2'];

  it('keeps the rate of the baseline that is best on validation data, and names the candidates', async () => {
    const { runFolder, summary } = await run(...search, 'baseline={rate: search}');
    const { rateSearch = [] } = summary;
    const [found] = rateSearch;
    expect(rateSearch).toHaveLength(1);
    expect(found).toMatchObject({ stage: 'baseline', figure: 'crossEntropy' });
    expect(found?.candidates.map(({ factor }) => factor)).toEqual([1, 1 / 3, 3, 1 / 10]);
    const best = Math.min(...(found?.candidates.map(({ figure }) => figure ?? Infinity) ?? []));
    const winner = found?.candidates.find(({ figure }) => figure === best);
    expect(found?.chosen).toBe(winner?.rate);
    const stage = `baseline/rate-x${winner?.factor.toPrecision(2)}`;
    expect(await weights(runFolder, 'baseline/best.safetensors')).toEqual(
      await weights(runFolder, stage, 'best.safetensors'),
    );
    expect(
      (await readdir(join(runFolder, 'baseline'))).filter((name) => name.startsWith('rate-')),
    ).toHaveLength(4);
    const curve = (await history(runFolder, 'baseline')).map((row) => row.crossEntropy ?? NaN);
    expect(Math.min(...curve)).toBe(best);
  });

  it('gives the distilled student and the baseline the same effort when the training asks for it', async () => {
    const { summary } = await run(...search, 'train.rateSearch=true');
    expect(summary.rateSearch?.map(({ stage }) => stage)).toEqual(['baseline', 'student']);
  });

  it('takes up the candidate that was interrupted, and ends as if it had not been', async () => {
    const set = [component, ...search, 'baseline={rate: search}'];
    const whole = await place.run('student.yaml', { set, runsFolder: join(place.folder, 'whole') });
    const controller = new AbortController();
    const services = {
      progress: {
        emit: (event: { readonly event: string; readonly stage?: string }) => {
          if (event.event === 'epoch' && event.stage === 'baseline/rate-x3.0') controller.abort();
        },
      },
    };
    await expect(
      place.run('student.yaml', { set, signal: controller.signal, services }),
    ).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
    place.stages();
    const resumed = await place.run('student.yaml', { set, resume: true });
    expect(place.stages()).toEqual([
      'baseline/rate-x3.0',
      'baseline/rate-x0.10',
      'baseline',
      'label',
      'student',
      'evaluate',
      'export',
      'report',
    ]);
    expect(resumed.summary.rateSearch).toEqual(whole.summary.rateSearch);
    expect(await weights(resumed.runFolder, 'baseline/best.safetensors')).toEqual(
      await weights(whole.runFolder, 'baseline/best.safetensors'),
    );
  });

  it('passes over a rate at which training does not stay finite', async () => {
    const { summary } = await run(
      'train={epochs: 1, batch: 35, optimizer: sgd, rate: 0.05, select: crossEntropy}',
      'student={use: mlp, hidden: []}',
      'baseline={rate: search, set: {train.rate: 1.2e38}}',
    );
    const figures = summary.rateSearch?.[0]?.candidates.map(({ figure }) => figure);
    expect(figures?.[2]).toBeNull();
    expect(figures?.[3]).toBeTypeOf('number');
    expect(summary.rateSearch?.[0]?.chosen).toBeLessThan(3e38);
    expect(place.stages().filter((stage) => stage.startsWith('baseline/'))).toHaveLength(4);
  });
});

describe('a recipe whose baseline is wrong is refused', () => {
  async function refusal(yaml: string) {
    await place.write('student.yaml', studentYaml + yaml);
    const error: unknown = await place.open('student.yaml', component).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PotstillError);
    expect(existsSync(place.runs)).toBe(false);
    return (error as PotstillError).records;
  }
  const line = studentYaml.split('\n').length;

  it.each([
    ['a value out of range', 'train.epochs: 0', 'RECIPE_BAD_VALUE', /epochs/],
    ['a misspelt key', 'train.epoch: 3', 'RECIPE_UNKNOWN_KEY', /epoch/],
    ['another student', 'student.hidden: [9]', 'RECIPE_BAD_VALUE', /same student on the same data/],
    ['another seed', 'train.seed: 9', 'RECIPE_BAD_VALUE', /same student on the same data/],
    ['a loss that is not there', 'losses.7.weight: 1', 'RECIPE_BAD_VALUE', /without entry `7`/],
    ['an unknown schedule', 'train.rate: { use: cosin }', 'RECIPE_UNKNOWN_COMPONENT', /cosin/],
  ])('%s, at its line', async (_what, entry, code, message) => {
    const records = await refusal(`baseline:\n  set:\n    ${entry}\n`);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ code, location: { line: line + 2 } });
    expect(records[0]?.message).toMatch(message);
  });

  it('a search without validation data', async () => {
    const yaml = studentYaml.replace(/ {2}validation:.*\n/, '');
    await place.write('plain.yaml', `${yaml}baseline: { rate: search }\n`);
    await expect(place.open('plain.yaml', component)).rejects.toThrow(
      /RECIPE_MISSING_KEY: `baseline.rate` chooses the learning rate on `data.validation`, which the recipe does not have/,
    );
  });

  it('a search that has no metric to compare by', async () => {
    const [record] = await refusal('baseline: { rate: search, set: { train.select: last } }\n');
    expect(record).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message: '`baseline.rate` compares learning rates by the metric of `train.select`, which is `last`',
      location: { line },
    });
  });
});

describe('atFullWeight', () => {
  const at = (step: number) => ({ step, steps: 10, stepsPerEpoch: 5 });
  const sums = (weights: readonly Parameters<typeof valueAt>[0][], step: number) =>
    atFullWeight(weights.map((weight, i) => ({ name: String(i), loss: hard, weight }))).map(({ weight }) =>
      valueAt(weight, at(step)),
    );

  it('brings constant weights to sum 1 and keeps their proportion', () => {
    expect(sums([0.3, 0.1], 0)).toEqual([0.3 / 0.4, 0.1 / 0.4]);
    expect(sums([0.03], 0)).toEqual([1]);
  });

  it('brings schedules to sum 1 at every step', () => {
    const rising = ({ step }: { readonly step: number }) => step;
    expect(sums([rising, 2], 6)).toEqual([6 / 8, 2 / 8]);
    expect(sums([rising, ({ step }) => 2 * step], 3)).toEqual([1 / 3, 2 / 3]);
    expect(sums([rising], 0)).toEqual([1]);
  });

  it('makes weights equal where they sum to nothing', () => {
    expect(sums([0, 0], 0)).toEqual([0.5, 0.5]);
  });
});
