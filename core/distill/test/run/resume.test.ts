// Runs that were stopped, and what a folder of another run is good for.
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
import { editJson, Workplace } from './tiny.js';

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
    expect(resumed.summary.student.figures).toEqual(whole.summary.student.figures);
    const runs = (await readdir(place.runs)).filter((name) => !name.startsWith('.'));
    expect(runs).toHaveLength(2);
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

  it('begins anew, and says so, where nothing is to resume: killed before anything was on disk', async () => {
    const notes = () => place.events.flatMap((event) => (event.event === 'run' ? event.notes : []));
    const first = await place.run('teacher.yaml', { resume: true });
    expect(notes()).toEqual([
      `nothing to resume: ${place.runs} has no run of \`tiny-teacher\` with this recipe and seed; starting a new run`,
    ]);
    place.events.splice(0);
    await place.run('teacher.yaml', { resume: true, set: ['train.rate=0.02'] });
    expect(notes()[0]).toMatch(
      /nothing to resume: .*\(in tiny-teacher-\w+ `train\.rate` was 0\.01 and is now 0\.02\)/,
    );
    place.events.splice(0);
    const named = await place.run('teacher.yaml', { resume: true, runFolder: join(place.folder, 'named') });
    expect(notes()).toEqual(['named has no run.json: starting over, with the checkpoints that are there']);
    expect(named.summary.student.figures).toEqual(first.summary.student.figures);
  });

  it('uses the folder that a kill left without run.json', async () => {
    const whole = await place.run('teacher.yaml', { runsFolder: join(place.folder, 'whole') });
    const name = basename(whole.runFolder);
    await mkdir(join(place.runs, name), { recursive: true });
    await writeFile(join(place.runs, name, 'run.json.4711.tmp'), '{');
    const { runFolder } = await place.run('teacher.yaml', { resume: true });
    expect(runFolder).toBe(join(place.runs, name));
    expect((await readdir(runFolder)).filter((each) => each.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses the folder of another seed, data or number of threads', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    await rm(join(runFolder, 'summary.json'));
    await expect(
      place.run('student.yaml', { set: [component, 'train.seed=9'], resume: true, runFolder }),
    ).rejects.toThrow(/RUN_OTHER_RECIPE: .*`train\.seed` was 1 and is now 9$/);
    await expect(place.run('student.yaml', { set: [component, 'threads=2'], resume: true })).rejects.toThrow(
      /`threads` was 1 and is now 2/,
    );
    const file = join(runFolder, 'data.json');
    await editJson(file, (text) => text.replace(/"train": "[^"]*"/, '"train": "other"'));
    await expect(place.run('student.yaml', { set: [component], resume: true })).rejects.toThrow(
      /began with other data: the train data has changed/,
    );
  });

  it('does not write into a folder that holds a run', async () => {
    const { runFolder } = await place.run('teacher.yaml');
    await expect(place.run('teacher.yaml', { runFolder })).rejects.toThrow(/holds a run already/);
  });

  it.each([
    ['train.rate=0.9', '`train.rate` was 0.05 and is now 0.9'],
    ['losses.1.temperature=3', '`losses.1.temperature` was 2 and is now 3'],
    ['student.hidden=[4, 5]', '`student.hidden.1` was not there and is now 5'],
    ['teacher.set={train.epochs: 5}', 'teacher: `train.epochs` was 4 and is now 5'],
  ])('says what differs: %s', async (change, words) => {
    const { runFolder } = await place.run('student.yaml');
    const resumed = place.run('student.yaml', { set: [change], runFolder, resume: true });
    await expect(resumed).rejects.toThrow(words);
  });

  it('says which file could not be written when the runs folder is a file', async () => {
    await writeFile(place.runs, '');
    await expect(place.run('teacher.yaml')).rejects.toMatchObject({ code: 'RUN_WRITE_FAILED' });
  });
});
