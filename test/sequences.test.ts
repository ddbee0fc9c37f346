// The recipe on sequences of varying length, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOnnxModel } from '@potstill/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-sequences-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('potstill run recipes/sequences/phones.yaml', () => {
  it('learns the phone of each frame, in four buckets, and takes any number of frames', async () => {
    const short = ['teacher.set={train.epochs: 5, data.train.size: 200}', 'train.epochs=6'].flatMap(
      (value) => ['--set', value],
    );
    const { code, out, err } = await potstill([
      ...['run', 'recipes/sequences/phones.yaml', '--json', '--runs', folder, ...short],
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const done = JSON.parse(out.trim().split('\n').at(-1) ?? '') as {
      readonly runFolder: string;
      readonly summary: {
        readonly student: { readonly figures: { readonly errors: number; readonly count: number } };
        readonly preflight: readonly { readonly code: string; readonly message: string }[];
      };
    };
    const { student, preflight } = done.summary;
    expect(preflight.find((finding) => finding.code === 'buckets')?.message).toMatch(
      /^examples of varying length are padded to 4 buckets: `frames` \d+, \d+, \d+, \d+;/,
    );
    // Guessing is wrong in 80 % of the frames; those that are padding are not counted.
    expect(student.figures.count).toBeGreaterThan(2500);
    expect(student.figures.count).toBeLessThan(5500);
    expect(student.figures.errors / student.figures.count).toBeLessThan(0.4);
    const { graph } = readOnnxModel(await readFile(join(done.runFolder, 'exports/student.onnx')));
    const axes = graph?.input?.map(({ name, type }) => [
      name,
      ...(type?.tensorType?.shape?.dim ?? []).map(({ dimParam }) => dimParam),
    ]);
    expect(axes).toEqual([
      ['frames', 'batch', 'frames', ''],
      ['frames.length', 'batch'],
    ]);
  }, 240_000);
});
