// The correction of the output bias as an adjustment of a run's student.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWeights } from '../../src/train/checkpoint.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';

describe('runRecipe with bias-correction', () => {
  it('leaves a student alone that learnt the absent class from its teacher', async () => {
    const set = [
      component,
      'data.train.exclude=[2]',
      'train.epochs=30',
      'losses=[soft-targets]',
      'student.hidden=[16]',
    ];
    const { summary } = await place.run('student.yaml', {
      set: [...set, 'adjust=[{ use: bias-correction, classes: [2] }]'],
    });
    // Hinton et al. 2015, section 3, in small: soft targets tell of a class that no example shows.
    expect(summary.student.figures.errors).toBeLessThan((summary.baseline?.figures.errors ?? NaN) / 2);
    expect(summary.adjustments).toMatchObject([
      { kind: 'bias-correction', data: { offset: 0, validationErrors: { before: 0, after: 0 } } },
    ]);
  });

  it('raises the bias of a class that the training data lacks, by what is best on validation data', async () => {
    const { runFolder, summary } = await place.run('student.yaml', {
      set: [
        component,
        'data.train.exclude=[2]',
        'train.epochs=30',
        'adjust=[{ use: bias-correction, classes: [2] }]',
        'losses=[cross-entropy]',
        'student.hidden=[]',
        'student.dropout=0',
      ],
    });
    const [correction] = summary.adjustments;
    const { classes, offset, validationErrors } = correction?.data as {
      readonly classes: readonly number[];
      readonly offset: number;
      readonly validationErrors: { readonly before: number; readonly after: number };
    };
    expect(classes).toEqual([2]);
    expect(offset).toBeGreaterThan(0);
    expect(validationErrors.after).toBeLessThan(validationErrors.before);
    expect(correction?.after.errors).toBeLessThan(correction?.before.errors ?? NaN);
    expect(correction?.after.errors).toBe(summary.student.figures.errors);
    expect(await readFile(join(runFolder, 'report.html'), 'utf8')).toContain(
      'The output bias of class 2 was shifted by',
    );
    const best = (await readWeights(join(runFolder, 'student/best.safetensors'))).variables['logits.bias']
      ?.data as Float32Array;
    const final = (await readWeights(join(runFolder, 'student.safetensors'))).variables['logits.bias']
      ?.data as Float32Array;
    expect([final[0], final[1]]).toEqual([best[0], best[1]]);
    expect((final[2] as number) - (best[2] as number)).toBeCloseTo(offset, 5);
  });

  it('names classes that the student does not have', async () => {
    await expect(
      place.run('student.yaml', { set: [component, 'adjust=[{ use: bias-correction, classes: [3] }]'] }),
    ).rejects.toThrow(/names 3; the student has classes 0 to 2/);
  });
});
