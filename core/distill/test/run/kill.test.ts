// A run killed by SIGKILL, several times, goes on to the same bytes as one that was left alone.
import { spawn } from 'node:child_process';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './tiny.js';

const child = fileURLToPath(new URL('child.ts', import.meta.url));

/** Runs the recipe in a process; kills it, when asked, as soon as it says that line. */
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
      if (killAt !== undefined && out.split('\n').includes(killAt)) process_.kill('SIGKILL');
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
    const slow = (yaml: string) => yaml.replace(/epochs: \d+/, 'epochs: 30');
    for (const place of [whole, broken])
      for (const name of ['teacher.yaml', 'student.yaml'])
        await place.write(name, slow(await readFile(join(place.folder, name), 'utf8')));

    expect((await run(whole.folder, [])).lines.at(-1)).toBe('done');
    // The kill comes while the child goes on with the epoch after the one it tells of.
    expect(await run(broken.folder, [], 'teacher 4')).toMatchObject({ killed: true });
    expect(await run(broken.folder, ['--resume'], 'baseline 3')).toMatchObject({ killed: true });
    expect(await run(broken.folder, ['--resume'], 'student 2')).toMatchObject({ killed: true });
    expect(await run(broken.folder, ['--resume'], 'student 9')).toMatchObject({ killed: true });
    const end = await run(broken.folder, ['--resume']);
    expect(end.lines.at(-1)).toBe('done');
    expect(end.lines).not.toContain('student 9');

    const names = (await readdir(whole.runs)).sort();
    expect((await readdir(broken.runs)).sort()).toEqual(names);
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
  });
});
