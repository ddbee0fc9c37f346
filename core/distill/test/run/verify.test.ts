// `verifyRun`: what it says of whole, damaged and incomplete folders.
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyRun } from '../../src/run/verify.js';
import { potstill } from '../cli/place.js';
import { withoutChecksums } from './old-run.js';
import { Workplace } from './tiny.js';

let place: Workplace;
let run: string;
beforeAll(async () => {
  place = await Workplace.make();
  run = (await place.run('student.yaml', { set: ['teacher={use: tiny/teacher}'] })).runFolder;
});
afterAll(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const files = [
  'baseline/best.safetensors',
  'baseline/last.safetensors',
  'data.json',
  'exports/student.onnx',
  'metrics.jsonl',
  'recipe.yaml',
  'report.html',
  'run.json',
  'stages.json',
  'student.safetensors',
  'student/best.safetensors',
  'student/last.safetensors',
  'summary.json',
  'timings.json',
];

async function states(): Promise<Record<string, string>> {
  return Object.fromEntries((await verifyRun(run)).map(({ file, state }) => [file, state]));
}

describe('verifyRun', () => {
  it('finds every file of a whole run whole, logs aside', async () => {
    expect(await states()).toEqual({
      ...Object.fromEntries(files.map((file) => [file, 'ok'])),
      'events.jsonl': 'other',
    });
  });

  it.each(files)('notices that %s was changed, cut, extended or removed', async (file) => {
    const path = join(run, file);
    const whole = await readFile(path);
    try {
      const flipped = Uint8Array.from(whole);
      const middle = whole.length >> 1;
      flipped[middle] = (flipped[middle] as number) ^ 1;
      for (const bytes of [flipped, whole.subarray(0, middle), Buffer.concat([whole, Buffer.from(' ')])]) {
        await writeFile(path, bytes);
        expect((await states())[file]).toBe('damaged');
      }
      await rm(path);
      // Without the summary nobody knows that there was one; times and last checkpoints may be missing.
      const optional = [
        'summary.json',
        'timings.json',
        'student/last.safetensors',
        'baseline/last.safetensors',
      ];
      expect((await states())[file]).toBe(optional.includes(file) ? undefined : 'missing');
      await mkdir(path);
      // In the place of a file a folder is as good as nothing; small files are named all the same.
      if (file.endsWith('.json')) expect((await states())[file]).toBe('damaged');
    } finally {
      await rm(path, { recursive: true, force: true });
      await writeFile(path, whole);
    }
  });

  it('says of a run of 0.1 that it has no checksums', async () => {
    const old = join(place.folder, 'old');
    await withoutChecksums(run, old);
    const found = Object.fromEntries((await verifyRun(old)).map(({ file, state }) => [file, state]));
    expect(found).toMatchObject({
      'run.json': 'unsealed',
      'student.safetensors': 'unsealed',
      'exports/student.onnx': 'ok',
    });
    expect(Object.values(found)).not.toContain('damaged');
  });
});

describe('potstill verify', () => {
  it('prints a line a file and ends with 0 when all is whole', async () => {
    const { code, out, err } = await potstill(['verify', run]);
    expect([code, err]).toEqual([0, []]);
    expect(out.map((line) => line.split(/ {2,}/)[0])).toEqual([...files, 'events.jsonl'].sort());
    expect(out.find((line) => line.startsWith('student.safetensors'))).toMatch(/ {2}ok$/);
  });

  it('ends with 2 and the hint when a file is damaged, as JSON too', async () => {
    const path = join(run, 'student/best.safetensors');
    const whole = await readFile(path);
    await truncate(path, whole.length - 8);
    try {
      const text = await potstill(['verify', run]);
      expect(text.code).toBe(2);
      expect(text.out.filter((line) => line.includes('damaged'))).toHaveLength(1);
      expect(text.err.join('\n')).toMatch(/RUN_CHECKPOINT_DAMAGED.*best\.safetensors[\s\S]*Remove the file/);
      const json = await potstill(['verify', run, '--json']);
      expect(json.code).toBe(2);
      const lines = json.out.map((line) => JSON.parse(line) as { event?: string; state?: string });
      expect(lines.filter(({ state }) => state === 'damaged')).toHaveLength(1);
      expect(lines).toHaveLength(files.length + 2);
    } finally {
      await writeFile(path, whole);
    }
  });

  it('ends with 2 for a folder that holds no run', async () => {
    const { code, err } = await potstill(['verify', place.folder]);
    expect(code).toBe(2);
    expect(err.join('\n')).toMatch(/RUN_NO_CHECKPOINT.*holds no run/);
  });
});
