// Resuming a complete run: what is whole is kept, what is missing or damaged is made again or named.
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evaluateRecipe } from '../../src/run/evaluate-recipe.js';
import { exportRecipe } from '../../src/run/export-recipe.js';
import { lockRun } from '../../src/run/lock.js';
import { verifyRun } from '../../src/run/verify.js';
import { withoutChecksums } from './old-run.js';
import { Workplace } from './tiny.js';

let place: Workplace;
let run: string;
const set = ['teacher={use: tiny/teacher}', 'train.epochs=2'];
const resume = () => place.run('student.yaml', { set, resume: true });
/** Stages in which an epoch was trained; the events are forgotten. */
const trained = () => [
  ...new Set(place.events.splice(0).flatMap((event) => (event.event === 'epoch' ? [event.stage] : []))),
];

beforeEach(async () => {
  place = await Workplace.make();
  run = (await place.run('student.yaml', { set })).runFolder;
  place.stages();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

async function broken(): Promise<string[]> {
  return (await verifyRun(run))
    .filter(({ state }) => state === 'damaged' || state === 'missing')
    .map(({ file }) => file);
}

describe('resuming a complete run', () => {
  it('restores what can be made again, without training', async () => {
    for (const file of ['exports/student.onnx', 'student.safetensors', 'metrics.jsonl', 'recipe.yaml']) {
      const path = join(run, file);
      const whole = await readFile(path);
      for (const change of [() => rm(path), () => writeFile(path, whole.subarray(0, whole.length >> 1))]) {
        await change();
        expect(await broken()).toEqual([file]);
        await resume();
        expect(trained(), file).toEqual([]);
        expect(await readFile(path), file).toEqual(whole);
        expect(await broken()).toEqual([]);
      }
    }
  });

  it('writes the report again', async () => {
    await rm(join(run, 'report.html'));
    await resume();
    expect(place.stages()).toEqual(['evaluate', 'export', 'report']);
    expect(await broken()).toEqual([]);
  });

  it('comes to the same bytes whichever file was removed', async () => {
    const names = (await readdir(run, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const kept = ['student.safetensors', 'exports/student.onnx', 'student/best.safetensors'];
    const whole = await Promise.all(kept.map((file) => readFile(join(run, file))));
    for (const path of names) {
      const bytes = await readFile(path);
      await rm(path);
      await resume();
      for (const [i, file] of kept.entries())
        expect(await readFile(join(run, file)), `${file} without ${path}`).toEqual(whole[i]);
      expect((await readdir(place.runs)).filter((name) => name.startsWith('tiny-'))).toHaveLength(1);
      expect(await broken()).toEqual([]);
      if (path.endsWith('last.safetensors')) await writeFile(path, bytes);
    }
  });

  it('restores the best weights from the final ones, and says when a stage has to be trained again', async () => {
    await rm(join(run, 'student', 'best.safetensors'));
    await resume();
    expect(trained()).toEqual([]);
    await rm(join(run, 'baseline', 'best.safetensors'));
    await resume();
    expect(trained()).toEqual(['baseline']);
  });

  it('names weights of another run in the place of its own', async () => {
    const other = await place.run('student.yaml', { set: [...set, 'train.seed=5'] });
    for (const file of ['student/best.safetensors', 'baseline/best.safetensors']) {
      const path = join(run, file);
      const whole = await readFile(path);
      await writeFile(path, await readFile(join(other.runFolder, file)));
      await rm(join(run, 'report.html'), { force: true });
      await expect(resume()).rejects.toThrow(/RUN_OTHER_RECIPE: .*best\.safetensors was written by another/);
      await writeFile(path, whole);
    }
  });

  it('sums times over processes', async () => {
    interface Times {
      readonly seconds: number;
      readonly stages: Readonly<Record<string, number>>;
    }
    const read = async () => JSON.parse(await readFile(join(run, 'timings.json'), 'utf8')) as Times;
    const before = await read();
    await rm(join(run, 'report.html'));
    const { summary } = await resume();
    const after = await read();
    expect(after.seconds).toBeGreaterThan(before.seconds);
    expect(summary.seconds).toBeGreaterThan(before.seconds);
    for (const stage of ['baseline', 'student'])
      expect(after.stages[stage]).toBeGreaterThanOrEqual(before.stages[stage] ?? NaN);
  });
});

describe('a file of another form', () => {
  it.each(['run.json', 'data.json', 'stages.json', 'summary.json', 'timings.json'])(
    'is named, with a hint that holds: %s',
    async (file) => {
      const path = join(run, file);
      for (const content of ['{}', '0', 'null', '[]', '{"format":2}', '']) {
        await writeFile(path, content);
        // An old stages.json may be empty; times are read when something is made again.
        if (content === '{}' && file === 'stages.json') continue;
        await rm(join(run, 'report.html'), { force: true });
        const error = await resume().catch((thrown: unknown) => thrown);
        expect(error, content).toMatchObject({
          records: [
            {
              code: 'RUN_CHECKPOINT_DAMAGED',
              message: expect.stringContaining(file) as string,
              hint: expect.stringMatching(/^Remove the file and use/) as string,
            },
          ],
        });
        await rm(path);
        await resume();
        expect(await broken()).toEqual([]);
      }
      expect(trained()).toEqual([]);
    },
  );

  it('is named in events too: half a line that a kill left is ended', async () => {
    const path = join(run, 'events.jsonl');
    await writeFile(path, '{"event":"epo');
    await rm(join(run, 'report.html'));
    await resume();
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('{"event":"epo');
    for (const line of lines.slice(1)) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('is named when it cannot be read', async () => {
    const path = join(run, 'stages.json');
    await rm(path);
    await mkdir(path);
    await expect(resume()).rejects.toThrow(/RUN_CHECKPOINT_DAMAGED: .*stages\.json: the file cannot be read/);
  });
});

describe('a folder in use', () => {
  it('is refused to a second process: resume, export', async () => {
    const lock = await lockRun(run);
    const inUse = new RegExp(`RUN_IN_USE: .* in use by process ${process.pid} on `);
    await expect(resume()).rejects.toThrow(inUse);
    const recipe = await place.open('student.yaml', ...set);
    await expect(exportRecipe(recipe, { runFolder: run })).rejects.toThrow(inUse);
    await exportRecipe(recipe, { runFolder: run, to: join(place.folder, 'elsewhere') });
    await lock.release();
    await resume();
  });
});

describe('a later export into the folder of the run', () => {
  it('is taken into the summary, so that the folder stays whole', async () => {
    const recipe = await place.open('student.yaml', ...set);
    const { plan } = await place.open('student.yaml', ...set, 'export=[{ use: onnx, file: second.onnx }]');
    await exportRecipe(recipe, { runFolder: run, exporters: plan.exporters });
    expect(await broken()).toEqual([]);
    await rm(join(run, 'exports', 'second.onnx'));
    expect(await broken()).toEqual(['exports/second.onnx']);
  });
});

describe('a run of potstill 0.1, without checksums', () => {
  it('is evaluated, exported and used as a teacher, and that it has none is said once', async () => {
    const old = join(place.folder, 'old');
    await withoutChecksums(run, old);
    const recipe = await place.open('student.yaml', ...set);
    const said: string[] = [];
    const progress = { emit: (event: { event: string }) => said.push(JSON.stringify(event)) };
    const now = await evaluateRecipe(recipe, { runFolder: run, progress });
    expect(said).toEqual([]);
    expect((await evaluateRecipe(recipe, { runFolder: old, progress })).figures).toEqual(now.figures);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/RUN_NO_CHECKSUMS/);
    const { exports } = await exportRecipe(recipe, { runFolder: old, to: join(place.folder, 'out') });
    expect(exports).toHaveLength(1);
    const teacher = `teacher={use: checkpoint, run: ${JSON.stringify(old)}}`;
    const { summary } = await place.run('student.yaml', { set: [...set, teacher] });
    expect(summary.teacher?.figures.accuracy).toBeGreaterThan(0.3);
  });
});
