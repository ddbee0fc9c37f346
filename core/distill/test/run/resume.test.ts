// Runs that were stopped, and what a folder of another run is good for.
import { existsSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
import { duration } from '../../src/report/format.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';

describe('runRecipe with resume', () => {
  /** Aborts when an event of a stage comes that fits. */
  function aborter(stage: string, epoch: number) {
    const controller = new AbortController();
    const progress = {
      emit(event: RunEvent) {
        place.events.push(event);
        if (event.event === 'epoch' && event.stage === stage && event.epoch === epoch) controller.abort();
      },
    };
    return { signal: controller.signal, services: { progress } };
  }

  it('goes on inside the stage that was stopped, skips what is done, and ends with the same bytes', async () => {
    const whole = await place.run('student.yaml', { runsFolder: join(place.folder, 'whole') });
    for (const [stage, epoch] of [
      ['teacher', 2],
      ['baseline', 1],
      ['student', 2],
    ] as const) {
      const resume = existsSync(place.runs);
      await expect(place.run('student.yaml', { ...aborter(stage, epoch), resume })).rejects.toMatchObject({
        code: 'TRAIN_INTERRUPTED',
      });
    }
    place.stages();
    const resumed = await place.run('student.yaml', { resume: true });
    expect(place.stages()).toEqual(['teacher', 'label', 'student', 'evaluate', 'export', 'report']);
    for (const file of [
      'student/last.safetensors',
      'student/best.safetensors',
      'baseline/last.safetensors',
      'exports/student.onnx',
      'metrics.jsonl',
    ])
      expect(await readFile(join(resumed.runFolder, file)), file).toEqual(
        await readFile(join(whole.runFolder, file)),
      );
    expect(resumed.summary.student.metrics).toEqual(whole.summary.student.metrics);
    expect(await readdir(place.runs)).toHaveLength(2);
  });

  it('shows the times of all processes in the report', async () => {
    let time = 0;
    const clock = { now: () => (time += 60_000) };
    const { signal, services } = aborter('student', 1);
    const run = (options: object) => place.run('student.yaml', { set: [component], ...options });
    await expect(run({ signal, services: { ...services, clock } })).rejects.toMatchObject({
      code: 'TRAIN_INTERRUPTED',
    });
    const times = async (folder: string) =>
      (
        JSON.parse(await readFile(join(folder, 'stages.json'), 'utf8')) as {
          readonly times: Readonly<Record<'baseline' | 'label' | 'student' | 'evaluate', number>>;
        }
      ).times;
    const [name = ''] = await readdir(place.runs);
    const before = await times(join(place.runs, name));
    expect(before.baseline).toBeGreaterThan(60);
    const { runFolder } = await run({ resume: true, services: { clock } });
    const after = await times(runFolder);
    // The baseline is taken from the folder: a single step of the clock. The student goes on.
    expect(after.baseline).toBe(before.baseline + 60);
    expect(after.student).toBeGreaterThan(before.student + 60);
    const page = await readFile(join(runFolder, 'report.html'), 'utf8');
    for (const stage of ['baseline', 'label', 'student', 'evaluate'] as const)
      expect(page.replaceAll(/\s+/g, ' ')).toContain(
        `<th scope="row">${stage}</th> <td>${duration(after[stage])}</td>`,
      );
  });

  it('goes on in a stream of data to the same bytes', async () => {
    const set = [component, 'data.train={use: tiny/stream}'];
    const whole = await place.run('student.yaml', { set, runsFolder: join(place.folder, 'whole') });
    await expect(place.run('student.yaml', { set, ...aborter('student', 1) })).rejects.toMatchObject({
      code: 'TRAIN_INTERRUPTED',
    });
    const resumed = await place.run('student.yaml', { set, resume: true });
    for (const file of ['student/last.safetensors', 'exports/student.onnx'])
      expect(await readFile(join(resumed.runFolder, file))).toEqual(
        await readFile(join(whole.runFolder, file)),
      );
  });

  it('gives the summary of a run that is complete', async () => {
    const first = await place.run('student.yaml', { set: [component] });
    place.stages();
    const again = await place.run('student.yaml', { set: [component], resume: true });
    expect(again).toEqual(first);
    expect(place.stages()).toEqual([]);
  });

  it('says when there is nothing to go on with', async () => {
    await expect(place.run('teacher.yaml', { resume: true })).rejects.toMatchObject({
      code: 'RUN_NO_CHECKPOINT',
    });
    await expect(
      place.run('teacher.yaml', { resume: true, runFolder: join(place.folder, 'none') }),
    ).rejects.toThrow(/RUN_NO_CHECKPOINT: .*none holds no run/);
  });

  it('refuses the folder of another seed, data or number of threads', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    await rm(join(runFolder, 'summary.json'));
    await expect(
      place.run('student.yaml', { set: [component, 'train.seed=9'], resume: true, runFolder }),
    ).rejects.toThrow(/RUN_OTHER_RECIPE: .*seed 1, now 9/);
    await expect(place.run('student.yaml', { set: [component, 'threads=2'], resume: true })).rejects.toThrow(
      /threads 1, now 2/,
    );
    const file = join(runFolder, 'data.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"train": "[^"]*"/, '"train": "other"'));
    await expect(place.run('student.yaml', { set: [component], resume: true })).rejects.toThrow(
      /begun with other data: train/,
    );
  });

  it('does not write into a folder that holds a run', async () => {
    const { runFolder } = await place.run('teacher.yaml');
    await expect(place.run('teacher.yaml', { runFolder })).rejects.toThrow(/holds a run already/);
  });

  it('says which file could not be written when the runs folder is a file', async () => {
    await writeFile(place.runs, '');
    await expect(place.run('teacher.yaml')).rejects.toMatchObject({ code: 'RUN_WRITE_FAILED' });
  });
});
