// `potstill run`, `evaluate` and `export` on tiny recipes, in this process.
import { readFile, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
import { teacherStoreFolder } from '../../src/run/names.js';
import type { Summary } from '../../src/run/summary.js';
import { makePlace, potstill } from './place.js';

let folder: string;
let runs: string;
let quick: readonly string[];
beforeEach(async () => {
  folder = await makePlace();
  runs = join(folder, 'runs');
  quick = ['run', join(folder, 'quick.yaml'), '--runs', runs];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const events = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as RunEvent);
const summaryOf = async (run: string) =>
  JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as Summary;
/** Names of run folders; answers of teachers lie beside them. */
const runNames = async () =>
  (await readdir(runs).catch(() => [])).filter((name) => name !== teacherStoreFolder);
async function onlyRun(): Promise<string> {
  const [name = '', ...others] = await runNames();
  expect(others).toEqual([]);
  return join(runs, name);
}

describe('potstill run --json', () => {
  it('prints nothing but events, the last one done with the summary, and nothing on stderr', async () => {
    const { code, out, err } = await potstill([
      'run',
      join(folder, 'student.yaml'),
      '--runs',
      runs,
      '--json',
    ]);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    const told = events(out);
    expect(told.every(({ event }) => /^(run|stage|progress|epoch|warning|done)$/.test(event))).toBe(true);
    expect(new Set(told.map(({ event }) => event)).size).toBeGreaterThanOrEqual(4);
    const done = told.at(-1);
    if (done?.event !== 'done') throw new Error('the last event is not done');
    expect(told.filter(({ event }) => event === 'done')).toHaveLength(1);
    expect(Object.keys(done)).toEqual(['event', 'runFolder', 'summary']);
    expect(await summaryOf(done.runFolder)).toMatchObject(done.summary as object);
    const kept = (await readFile(join(done.runFolder, 'events.jsonl'), 'utf8')).trim().split('\n');
    expect(events(kept)).toEqual(told);
  });

  it('prints an error as the last line on stdout', async () => {
    const { code, out, err } = await potstill([...quick, '--json', '--set', 'losses=[tiny/unmade]']);
    expect({ code, err }).toEqual({ code: 3, err: [] });
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({
      event: 'error',
      exitCode: 3,
      errors: [{ code: 'PLUGIN_FAILED', message: expect.stringMatching(/no luck today/) as string }],
    });
  });
});

describe('potstill run', () => {
  it('prints progress on stderr, and on stdout the table and where things are', async () => {
    const { code, out, err } = await potstill(quick);
    expect(code).toBe(0);
    expect(err).toContain('== student');
    expect(err.some((line) => line.startsWith('   epoch 3/3: loss '))).toBe(true);
    const run = await onlyRun();
    const { teacher, baseline, student } = await summaryOf(run);
    const rows = out.map((line) => line.split(/ {2,}/));
    expect(rows[1]).toEqual([
      'on test data',
      'errors',
      'accuracy',
      'agreement',
      'parameters',
      'size',
      'latency',
    ]);
    for (const [name, model] of [
      ['teacher', teacher],
      ['student alone', baseline],
      ['distilled', student],
    ] as const)
      expect(rows.find(([first]) => first === name)?.[1]).toBe(String(model?.figures.errors));
    expect(out.slice(-3)).toEqual([
      `run folder  ${relative(process.cwd(), run)}`,
      `report      ${relative(process.cwd(), join(run, 'report.html'))}`,
      `onnx        ${relative(process.cwd(), join(run, 'exports/student.onnx'))}`,
    ]);
  });

  it('prints the table alone with --quiet, and calls a student without a teacher just that', async () => {
    const { out, err } = await potstill(['run', join(folder, 'teacher.yaml'), '--runs', runs, '-q']);
    expect(err).toEqual([]);
    expect(out.filter((line) => /^(student|distilled|teacher)/.test(line))).toHaveLength(1);
    expect(out[2]).toMatch(/^student {2}/);
  });

  it('writes to the folder asked for, and refuses it when it holds a run', async () => {
    const words = [...quick, '--folder', join(folder, 'mine')];
    expect((await potstill(words)).code).toBe(0);
    expect(await runNames()).toEqual([]);
    const again = await potstill(words);
    expect(again.code).toBe(2);
    expect(again.err.join('\n')).toMatch(/RUN_OTHER_RECIPE.*mine holds a run already/);
  });

  it('names the plugin that failed and exits 3', async () => {
    const { code, err } = await potstill([...quick, '--set', 'losses=[tiny/unmade]']);
    expect(code).toBe(3);
    expect(err.join('\n')).toMatch(/error\[PLUGIN_FAILED\]: .*tiny.*no luck today/);
  });

  it('exits 1 when the loss is not finite', async () => {
    const set = 'losses=[{use: tiny/hard, factor: 1e38, weight: 1000}]';
    const { code, err } = await potstill([...quick, '--set', set, '--set', 'preflight.enabled=false']);
    expect(err.join('\n')).toMatch(/error\[TRAIN_NOT_FINITE\]/);
    expect(code).toBe(1);
  });

  it('stops with a checkpoint when nobody reads any longer, and goes on with --resume', async () => {
    const unread = new AbortController();
    const stopped = await potstill([...quick, '--json'], {
      unread: unread.signal,
      onPrint: (text) => {
        if (text.includes('"epoch","stage":"student"')) unread.abort();
      },
    });
    expect(stopped.code).toBe(130);
    expect(JSON.parse(stopped.out.at(-1) ?? '')).toMatchObject({ errors: [{ code: 'TRAIN_INTERRUPTED' }] });
    const resumed = await potstill([...quick, '--json', '--resume']);
    expect(resumed.code).toBe(0);
    const epochs = events(resumed.out).filter(({ event }) => event === 'epoch');
    expect(epochs.map((event) => 'epoch' in event && event.epoch)).toEqual([2, 3]);
    await onlyRun();
  });

  it('starts a new run, and says so, when there is nothing to resume', async () => {
    const { code, err } = await potstill([...quick, '--resume']);
    expect(code).toBe(0);
    expect(err[0]).toMatch(/^nothing to resume: .*; starting a new run$/);
  });

  it('leaves no listener for signals behind', async () => {
    const before = process.listenerCount('SIGINT');
    await potstill([...quick, '-q']);
    await potstill([...quick, '-q', '--set', 'losses=[tiny/unmade]']);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('potstill evaluate', () => {
  it('measures the student of the latest run, and its ONNX file, as the run did', async () => {
    const recipe = join(folder, 'quick.yaml');
    const words = ['evaluate', recipe, '--runs', runs, '--json'];
    const none = await potstill(words);
    expect(none.code).toBe(2);
    expect(JSON.parse(none.out[0] ?? '')).toMatchObject({ errors: [{ code: 'RUN_NO_CHECKPOINT' }] });
    await potstill([...quick, '-q']);
    const run = await onlyRun();
    const { student } = await summaryOf(run);
    for (const model of [[], ['--model', join(run, 'exports/student.onnx')]]) {
      const { code, out } = await potstill([...words, ...model]);
      expect(code).toBe(0);
      expect(JSON.parse(out[0] ?? '')).toMatchObject({
        event: 'evaluated',
        role: 'test',
        examples: 60,
        primary: 'errors',
        figures: { errors: student.figures.errors, accuracy: student.figures.accuracy },
      });
    }
    const text = await potstill([...words.slice(0, -1), '--data', 'validation']);
    expect(text.out[0]).toBe(`${run} on 40 validation examples`);
    expect(text.out.some((line) => /^ {2}accuracy {2,}0?\.?\d/.test(line))).toBe(true);
  });
});

describe('potstill export', () => {
  it('exports the finished student once more, elsewhere, to the same bytes', async () => {
    await potstill([...quick, '-q']);
    const run = await onlyRun();
    const to = join(folder, 'elsewhere');
    const words = ['export', join(folder, 'quick.yaml'), '--runs', runs, '--to', to];
    const { code, out } = await potstill([...words, '--as', 'onnx', '--json']);
    expect(code).toBe(0);
    const { exports } = JSON.parse(out[0] ?? '') as { exports: Summary['exports'] };
    expect(exports).toMatchObject([{ kind: 'onnx', path: join(to, 'student.onnx') }]);
    expect(exports[0]?.sha256).toBe((await summaryOf(run)).exports[0]?.sha256);
    expect(await readFile(join(to, 'student.onnx'))).toEqual(
      await readFile(join(run, 'exports/student.onnx')),
    );
    const text = await potstill(words);
    expect(text.out[0]).toMatch(
      /^onnx {2}.*student\.onnx {2}[\d,]+ bytes, differs from the student by at most /,
    );
  });

  it('says which exporters there are', async () => {
    await potstill([...quick, '-q']);
    const { code, err } = await potstill([
      'export',
      join(folder, 'quick.yaml'),
      '--runs',
      runs,
      '--as',
      'onxn',
    ]);
    expect(code).toBe(2);
    expect(err.join('\n')).toMatch(/RECIPE_BAD_OVERRIDE.*onxn[\s\S]*onnx/);
  });
});
