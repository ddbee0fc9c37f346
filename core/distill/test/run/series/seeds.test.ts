// `seeds`: one recipe run with several seeds, and what the runs show together.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { teacherStoreFolder } from '../../../src/run/names.js';
import { Workplace } from '../tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';
const quick = [component, 'preflight.enabled=false', 'train.epochs=2'];
const names = async () => (await readdir(place.runs)).filter((name) => name !== teacherStoreFolder).sort();
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a recipe with seeds', () => {
  it('is run once a seed, each as the recipe with that seed alone would be', async () => {
    const { runFolder, series, summary } = await place.run('student.yaml', { set: [...quick, 'seeds=3'] });
    expect(series?.seeds).toEqual([1, 2, 3]);
    const runs = series?.points[0]?.runs ?? [];
    const folders = await names();
    expect(folders).toHaveLength(4);
    expect((await readdir(runFolder)).sort()).toEqual([
      'exports',
      'recipe.yaml',
      'report.html',
      'series.json',
      'student.safetensors',
    ]);
    place.events.length = 0;
    const alone = await place.run('student.yaml', { set: [...quick, 'train.seed=2'] });
    expect(alone.runFolder).toBe(`${join(runFolder, runs[1]?.folder ?? '')}-2`);
    expect(alone.summary.student.figures).toEqual(runs[1]?.student);
    expect(runs.map(({ seed }) => seed)).toEqual([1, 2, 3]);
    expect(summary.seed).toBe(series?.best.seed);
  });

  it('gives mean and standard deviation of every figure, and compares with the baseline', async () => {
    const { series } = await place.run('student.yaml', { set: [...quick, 'seeds=[4, 9, 6]'] });
    const point = series?.points[0];
    const [alone, distilled] = (['baseline', 'student'] as const).map(
      (role) => point?.runs.map((run) => run[role]?.errors ?? NaN) ?? [],
    );
    expect(point?.student?.errors?.mean).toBeCloseTo(mean(distilled ?? []), 12);
    const center = mean(distilled ?? []);
    const squares = (distilled ?? []).map((value) => (value - center) ** 2);
    expect(point?.student?.errors?.deviation).toBeCloseTo(
      Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / 2),
      12,
    );
    // The teacher is the same whatever the seed.
    expect(point?.teacher?.errors?.deviation).toBe(0);
    expect(point?.comparison?.gains).toEqual(alone?.map((errors, at) => errors - (distilled?.[at] ?? NaN)));
    expect(point?.comparison).toMatchObject({ smallestP: 0.25 });
    expect(point?.comparison?.words).toMatch(/3 seeds cannot show a difference beyond chance/);
  });

  it('keeps the student that is best on validation data, whatever the test data say', async () => {
    const { runFolder, series } = await place.run('student.yaml', { set: [...quick, 'seeds=4'] });
    const runs = series?.points[0]?.runs ?? [];
    const validation = runs.map((run) => run.validation ?? NaN);
    const best = validation.indexOf(Math.min(...validation));
    expect(series?.best).toEqual({
      point: 0,
      seed: runs[best]?.seed,
      folder: runs[best]?.folder,
      validation: validation[best],
    });
    for (const file of ['student.safetensors', 'exports/student.onnx'])
      expect(await readFile(join(runFolder, file))).toEqual(
        await readFile(join(runFolder, runs[best]?.folder ?? '', file)),
      );
    // As the run itself records it of the epoch that it kept.
    const stages = JSON.parse(
      await readFile(join(runFolder, runs[best]?.folder ?? '', 'stages.json'), 'utf8'),
    ) as { student: { best: { value: number } } };
    expect(validation[best]).toBe(stages.student.best.value);
  });

  it('takes the first student where there is no validation data, and says so', async () => {
    const { series, runFolder } = await place.run('teacher.yaml', { set: ['seeds=2', 'train.epochs=1'] });
    expect(series?.best).toMatchObject({ seed: 3, validation: null });
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    expect(report).toContain('there is no validation data to choose by, so it is simply the first');
  });

  it('does nothing again that is done, and only the new seeds of more', async () => {
    const first = await place.run('student.yaml', { set: [...quick, 'seeds=2'] });
    const before = await names();
    place.events.length = 0;
    const again = await place.run('student.yaml', { set: [...quick, 'seeds=2'] });
    expect(again.runFolder).toBe(first.runFolder);
    expect(again.series).toEqual(first.series);
    expect(await names()).toEqual(before);
    expect(place.events.some(({ event }) => event === 'epoch')).toBe(false);

    place.events.length = 0;
    const more = await place.run('student.yaml', { set: [...quick, 'seeds=3'] });
    const trained = place.events.flatMap((event) => (event.event === 'epoch' ? [event.stage] : []));
    expect(new Set(trained)).toEqual(new Set(['seed-3/baseline', 'seed-3/student']));
    expect(more.series?.points[0]?.runs.slice(0, 2)).toEqual(first.series?.points[0]?.runs);
  });

  it('is resumed where it was interrupted, to the same result', async () => {
    const set = [...quick, 'seeds=3'];
    const whole = await place.run('student.yaml', { set });
    await rm(place.runs, { recursive: true });

    const stop = new AbortController();
    const interrupted = place.run('student.yaml', {
      set,
      signal: stop.signal,
      checkpointEvery: { steps: 1 },
      services: {
        progress: {
          emit(event) {
            if (event.event === 'epoch' && event.stage === 'seed-2/student') stop.abort();
          },
        },
      },
    });
    await expect(interrupted).rejects.toThrow(/TRAIN_INTERRUPTED/);
    place.events.length = 0;
    const resumed = await place.run('student.yaml', { set, resume: true });
    const stages = place.events.flatMap((event) =>
      event.event === 'epoch' ? [`${event.stage} ${event.epoch}`] : [],
    );
    expect(stages).toEqual([
      'seed-2/student 2',
      'seed-3/baseline 1',
      'seed-3/baseline 2',
      'seed-3/student 1',
      'seed-3/student 2',
    ]);
    expect(resumed.runFolder).toBe(whole.runFolder);
    expect(await names()).toHaveLength(4);
    const figures = (result: typeof whole) => result.series?.points[0]?.runs.map(({ student }) => student);
    expect(figures(resumed)).toEqual(figures(whole));
  });

  it('trains a teacher that is a recipe once', async () => {
    await place.run('student.yaml', { set: ['seeds=2', 'train.epochs=1'] });
    const trained = place.events.flatMap((event) => (event.event === 'epoch' ? [event.stage] : []));
    expect(trained.filter((stage) => stage.endsWith('/teacher'))).toEqual(
      Array.from({ length: 4 }, () => 'seed-1/teacher'),
    );
  });

  it('tells how far the whole is', async () => {
    await place.run('student.yaml', { set: [...quick, 'seeds=2'] });
    const told = place.events.flatMap((event) =>
      event.event === 'progress' && event.unit === 'runs' ? [{ done: event.done, total: event.total }] : [],
    );
    expect(told).toEqual([
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ]);
    expect(place.events.filter(({ event }) => event === 'run')).toHaveLength(1);
    expect(place.events.filter(({ event }) => event === 'done')).toHaveLength(1);
    expect(place.events.at(-1)).toMatchObject({ event: 'done', series: { seriesFormat: 1 } });
  });

  it('stops with the error of a seed whose training fails', async () => {
    await expect(
      place.run('student.yaml', { set: [...quick, 'seeds=2', 'train.rate=1e38'] }),
    ).rejects.toThrow(/TRAIN_NOT_FINITE/);
  });
});
