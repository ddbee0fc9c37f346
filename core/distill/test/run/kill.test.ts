// A run killed by SIGKILL, several times, goes on to the same bytes as one that was left alone.
import { spawn } from 'node:child_process';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { Workplace } from './tiny.js';

const child = fileURLToPath(new URL('child.ts', import.meta.url));

/** Runs the recipe in a process; kills it, when asked, soon after it says that line. */
function run(
  folder: string,
  args: readonly string[],
  killAt?: string,
): Promise<{ killed: boolean; lines: string[] }> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(
      process.execPath,
      ['--conditions=potstill-source', '--import', 'tsx', child, folder, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: fileURLToPath(new URL('../../../..', import.meta.url)) },
    );
    let out = '';
    let errors = '';
    process_.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      // A little later, so that it is well inside the epoch after the one it tells of.
      if (killAt !== undefined && out.split('\n').includes(killAt))
        setTimeout(() => process_.kill('SIGKILL'), 25);
    });
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

    expect((await run(whole.folder, [])).lines.at(-1)).toBe('done');
    const batches: number[] = [];
    for (const [line, run_, stage] of [
      ['teacher 4', 'tiny-teacher', 'student'],
      ['baseline 3', 'tiny-student', 'baseline'],
      ['student 2', 'tiny-student', 'student'],
      ['student 7', 'tiny-student', 'student'],
    ] as const) {
      expect(await run(broken.folder, batches.length > 0 ? ['--resume'] : [], line)).toMatchObject({
        killed: true,
      });
      const name = (await readdir(broken.runs)).find((each) => each.startsWith(run_)) ?? '';
      const left = await readCheckpoint(join(broken.runs, name, stage, 'last.safetensors'));
      batches.push(left?.position.batch ?? NaN);
    }
    // A kill may hit the end of an epoch by chance, all four can hardly.
    expect(Math.max(...batches)).toBeGreaterThan(0);
    const end = await run(broken.folder, ['--resume']);
    expect(end.lines.at(-1)).toBe('done');
    expect(end.lines).not.toContain('student 7');

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
