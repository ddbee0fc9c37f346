// A run killed by SIGKILL, several times, goes on to the same bytes as one that was left alone.
import { spawn } from 'node:child_process';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomStream } from '@potstill/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { Workplace } from './tiny.js';

const child = fileURLToPath(new URL('child.ts', import.meta.url));

/** Where runs are killed: other steps with another seed, in POTSTILL_KILL_SEED. */
const seed = Number(process.env.POTSTILL_KILL_SEED ?? 1);

/** Runs the recipe in a process, which kills itself when that step of that stage is done. */
function run(
  folder: string,
  mode: 'anew' | 'resume',
  ...killAt: readonly string[]
): Promise<{ killed: boolean; lines: string[] }> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(
      process.execPath,
      ['--conditions=potstill-source', '--import', 'tsx', child, folder, mode, ...killAt],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: fileURLToPath(new URL('../../../..', import.meta.url)) },
    );
    let out = '';
    let errors = '';
    process_.stdout.on('data', (data: Buffer) => (out += data.toString()));
    process_.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    process_.on('error', reject);
    process_.on('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0)
        resolve({ killed: signal === 'SIGKILL', lines: out.trim().split('\n') });
      else reject(new Error(`child ended with ${code ?? signal}: ${errors}`));
    });
  });
}

let whole: Workplace;
let broken: Workplace;
beforeEach(async () => {
  [whole, broken] = await Promise.all([Workplace.make(), Workplace.make()]);
});
afterEach(async () => {
  for (const place of [whole, broken]) await rm(place.folder, { recursive: true, force: true });
});

describe('a run killed in mid-epoch and resumed', () => {
  it('leaves the same bytes as an unbroken one', async () => {
    const slow = (yaml: string) =>
      yaml.replace(/epochs: \d+/, 'epochs: 12').replace(/(train:.*size: )\d+/, '$1400');
    for (const place of [whole, broken])
      for (const name of ['teacher.yaml', 'student.yaml'])
        await place.write(name, slow(await readFile(join(place.folder, name), 'utf8')));

    expect((await run(whole.folder, 'anew')).lines.at(-1)).toBe('done');
    // 25 steps an epoch, 12 epochs.
    const random = randomStream(seed).child('kill');
    const step = (from: number, to: number, i: number) => from + random.integer(to - from, i);
    const first = step(2, 150, 2);
    const last = step(first + 1, 300, 3);
    const kills = [
      ['teacher', step(2, 300, 0), 'tiny-teacher', 'student'],
      ['baseline', step(2, 300, 1), 'tiny-student', 'baseline'],
      ['student', first, 'tiny-student', 'student'],
      ['student', last, 'tiny-student', 'student'],
    ] as const;
    for (const [i, [stage, at, name, folder]] of kills.entries()) {
      const mode = i === 0 ? 'anew' : 'resume';
      expect(await run(broken.folder, mode, stage, String(at))).toMatchObject({ killed: true });
      const found = (await readdir(broken.runs)).find((each) => each.startsWith(name)) ?? '';
      const left = await readCheckpoint(join(broken.runs, found, folder, 'last.safetensors'));
      // A checkpoint is written before each second step, and at the end of an epoch.
      expect(left?.state.step, `${stage} killed at step ${at}`).toBeGreaterThanOrEqual(at - 2);
      expect(left?.state.step).toBeLessThan(at);
    }
    const end = await run(broken.folder, 'resume');
    expect(end.lines.at(-1)).toBe('done');
    // Epochs that were whole before the last kill are not trained again.
    const done = Math.floor((last - 1) / 25);
    if (done > 0) expect(end.lines).not.toContain(`student ${done}`);

    const runsOf = async (place: { readonly runs: string }) =>
      (await readdir(place.runs)).filter((name) => !name.startsWith('.')).sort();
    const names = await runsOf(whole);
    expect(await runsOf(broken)).toEqual(names);
    for (const name of names) {
      const files = [
        'student/last.safetensors',
        'student/best.safetensors',
        'student.safetensors',
        'exports/student.onnx',
        'metrics.jsonl',
      ];
      if (name.startsWith('tiny-student'))
        files.push('baseline/last.safetensors', 'baseline/best.safetensors');
      for (const file of files)
        expect(await readFile(join(broken.runs, name, file)), `${name}/${file}`).toEqual(
          await readFile(join(whole.runs, name, file)),
        );
    }
  }, 300_000);
});

const streamYaml = `
name: tiny-student
plugins: [tiny]
data:
  train: { use: tiny/stream, size: 150 }
  shuffle: { window: 40 }
teacher: tiny/teacher
student: { use: mlp, hidden: [4], dropout: 0.2 }
losses: [cross-entropy, { use: soft-targets, temperature: 2 }]
train: { epochs: 4, batch: 8, rate: 0.01 }
baseline: false
threads: 1
`;

describe('a stream shuffled in a window, killed in mid-epoch and resumed', () => {
  it('leaves the same bytes as an unbroken one', async () => {
    for (const place of [whole, broken]) await place.write('student.yaml', streamYaml);
    expect((await run(whole.folder, 'anew')).lines.at(-1)).toBe('done');
    // 19 steps an epoch.
    const at = 22 + randomStream(seed).child('stream').integer(40);
    expect(await run(broken.folder, 'anew', 'student', String(at))).toMatchObject({ killed: true });
    expect((await run(broken.folder, 'resume')).lines.at(-1)).toBe('done');
    const [name = ''] = (await readdir(whole.runs)).filter((each) => each.startsWith('tiny-student'));
    for (const file of ['student/last.safetensors', 'student.safetensors', 'metrics.jsonl'])
      expect(await readFile(join(broken.runs, name, file)), file).toEqual(
        await readFile(join(whole.runs, name, file)),
      );
  }, 300_000);
});

const stagedYaml = `
name: tiny-staged
plugins: [tiny]
data: { train: { use: tiny/points, size: 120 }, validation: { use: tiny/points, size: 40, seed: 7 } }
teacher: { use: tiny/teacher }
student: { use: mlp, hidden: [4], dropout: 0.2 }
losses: [{ use: soft-targets, temperature: 2 }]
train: { epochs: 4, batch: 8, rate: 0.01 }
threads: 1
stages:
  - name: labels
    losses: [cross-entropy]
  - name: soft
  - name: softer
    losses: [{ use: soft-targets, temperature: 8 }]
`;

describe('a recipe with stages, killed in the middle of the second and resumed', () => {
  it('leaves the same bytes as an unbroken one', async () => {
    for (const place of [whole, broken]) await place.write('student.yaml', stagedYaml);
    expect((await run(whole.folder, 'anew')).lines.at(-1)).toBe('done');
    // 15 steps an epoch.
    const at = 17 + randomStream(seed).child('stages').integer(30);
    expect(await run(broken.folder, 'anew', 'soft/student', String(at))).toMatchObject({ killed: true });
    const resumed = await run(broken.folder, 'resume');
    expect(resumed.lines.at(-1)).toBe('done');
    expect(resumed.lines.filter((line) => line.startsWith('labels/'))).toEqual([]);
    expect(resumed.lines).not.toContain('soft/student 1');
    const runsOf = async (place: { readonly runs: string }) =>
      (await readdir(place.runs)).filter((name) => !name.startsWith('.')).sort();
    const names = await runsOf(whole);
    expect(names).toHaveLength(3);
    expect(await runsOf(broken)).toEqual(names);
    for (const name of names)
      for (const file of [
        'student/last.safetensors',
        'baseline/last.safetensors',
        'student.safetensors',
        'metrics.jsonl',
        'recipe.yaml',
      ])
        expect(await readFile(join(broken.runs, name, file)), `${name}/${file}`).toEqual(
          await readFile(join(whole.runs, name, file)),
        );
  }, 300_000);
});
