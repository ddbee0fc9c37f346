// A recipe with transfer data: who is trained on it, what the teacher is asked, what counts.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PotstillError, recipeHash } from 'potstill';
import { openData } from '../../src/run/data.js';
import { quietContainer } from '../../src/run/latest-run.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const set = [
  'teacher={use: tiny/teacher}',
  'data.transfer={use: tiny/points, size: 50, seed: 21}',
  'train.epochs=2',
];
const refusal = async (...more: string[]) => {
  const error = await place
    .run('student.yaml', { set: [...set, ...more] })
    .catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error.records[0];
};

describe('data.transfer', () => {
  it('trains the student on both, the baseline on labels alone, and says what each loss learns from', async () => {
    const { summary } = await place.run('student.yaml', { set });
    const steps = place.events.flatMap((event) =>
      event.event === 'progress' && event.at ? [[event.stage, event.at.steps] as const] : [],
    );
    expect(Object.fromEntries(steps)).toEqual({
      baseline: 2 * Math.ceil(70 / 16),
      student: 2 * Math.ceil(120 / 16),
    });
    expect(summary.preflight).toContainEqual({
      level: 'ok',
      code: 'coverage',
      message:
        'of 120 training examples, the student learns cross-entropy from the 70 with a label, soft-targets from all',
    });
  });

  it('is in the summary and the report, with what each loss learns from', async () => {
    const { summary, runFolder } = await place.run('student.yaml', { set: [...set, 'baseline=false'] });
    expect(summary.trainedOn).toEqual({
      examples: 120,
      losses: { 'cross-entropy': 70, 'soft-targets': 120 },
    });
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    const text = report.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
    expect(text).toContain('transfer tiny/points, 50 examples');
    expect(text).toContain('loss cross-entropy learns from the 70 with a label');
    expect(text).toContain('loss soft-targets learns from all');
  });

  it('asks the teacher about the transfer data once, in the label stage', async () => {
    await place.run('student.yaml', { set: [...set, 'preflight.enabled=false', 'baseline=false'] });
    // 70 and 50 to learn on, 40 and 60 for the metrics.
    const asked = place.asked.batches.filter((size) => size > 1).reduce((sum, size) => sum + size, 0);
    expect(asked).toBe(70 + 50 + 40 + 60);
  });

  it('never uses the truth of transfer data: other classes, or labels all wrong, give the same weights', async () => {
    const weights = async (transfer: string) => {
      const { summary } = await place.run('student.yaml', {
        set: [...set.slice(0, 1), `data.transfer=${transfer}`, 'train.epochs=2', 'baseline=false'],
      });
      return summary.student;
    };
    const same = await weights('{use: tiny/points, size: 50, seed: 21}');
    expect((await weights('{use: tiny/points, size: 50, seed: 21, target: false}')).figures).toEqual(
      same.figures,
    );
    expect((await weights('{use: tiny/points, size: 50, seed: 21, labels: [x, y, z]}')).figures).toEqual(
      same.figures,
    );
    expect((await weights('{use: tiny/points, size: 50, seed: 22}')).figures).not.toEqual(same.figures);
  });

  it('is another recipe, and resumes to the same summary', async () => {
    const hash = async (...more: string[]) => recipeHash((await place.open('student.yaml', ...more)).plan);
    expect(await hash(...set)).not.toBe(
      await hash(...set.filter((each) => !each.startsWith('data.transfer'))),
    );
    const { summary } = await place.run('student.yaml', { set });
    const again = await place.run('student.yaml', { set, resume: true });
    expect(again.summary).toEqual(summary);
  });

  it('goes through the transforms of the training data', async () => {
    const recipe = await place.open(
      'student.yaml',
      ...set,
      ...['train', 'validation', 'test'].map(
        (part) => `data.${part}={use: tiny/points, transforms: [{use: tiny/shorten, to: 4}]}`,
      ),
    );
    const container = await quietContainer(recipe, place.folder);
    try {
      const { training, transfer } = await openData(recipe.plan, container);
      expect(transfer?.description.spec.x?.shape).toEqual([4]);
      expect(training.description.spec).toEqual({
        x: { dtype: 'float32', shape: [4] },
        label: { dtype: 'int32', shape: [] },
        labelled: { dtype: 'int32', shape: [] },
      });
      expect(training.size).toBe(120);
    } finally {
      await container.dispose();
    }
  });

  it('is refused where its inputs have another form', async () => {
    expect(
      await refusal('data.train={use: tiny/points, transforms: [{use: tiny/shorten, to: 4}]}'),
    ).toMatchObject({
      code: 'DATA_PARTS_DIFFER',
    });
  });

  it('is refused as a stream', async () => {
    expect(await refusal('data.transfer={use: tiny/stream}')).toMatchObject({
      code: 'DATA_UNSUPPORTED',
      message:
        '`data.transfer` (tiny/stream) is a stream, and transfer data are mixed with the training data in random order',
      hint: 'Use data sets of known size for both.',
    });
  });
});
