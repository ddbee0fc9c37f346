// `potstill label` and `potstill store` on a tiny recipe, in this process.
import { appendFile, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeSafetensors, type RunEvent } from 'potstill';
import { teacherStoreFolder } from '../../src/run/names.js';
import { listStored } from '../../src/store/index.js';
import { classes, features, tinyData } from '../train/tiny.js';
import { makePlace, potstill } from './place.js';

let folder: string;
let runs: string;
beforeEach(async () => {
  folder = await makePlace();
  runs = join(folder, 'runs');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const label = (...words: string[]) =>
  potstill([
    'label',
    join(folder, 'quick.yaml'),
    '--runs',
    runs,
    '--set',
    'preflight.enabled=false',
    ...words,
  ]);
const store = (...words: string[]) => potstill(['store', ...words, '--runs', runs]);
const stored = () => listStored(join(runs, teacherStoreFolder));
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

/** What the tiny teacher says of the training data. */
async function expected(): Promise<Float32Array> {
  const data = tinyData(70);
  const rows = await Promise.all(Array.from({ length: 70 }, (_, i) => data.example(i)));
  const x = rows.flatMap((row) => [...(row.x?.data ?? [])]);
  return Float32Array.from({ length: 70 * classes }, (_, i) => {
    const row = Math.floor(i / classes);
    return 2 * (x[row * features + (i % classes)] as number);
  });
}

describe('potstill label', () => {
  it('fills the store and trains nothing; a second time it asks nothing', async () => {
    expect(await label('--quiet')).toEqual({ code: 0, out: ['70 answers stored'], err: [] });
    expect(await readdir(runs)).toEqual([teacherStoreFolder]);
    expect((await label('--quiet')).out).toEqual(['70 answers stored, none of them now']);
  });

  it('tells progress as JSON: done, total, unit and the time left', async () => {
    const { code, out, err } = await label('--json');
    expect({ code, err }).toEqual({ code: 0, err: [] });
    const events = parsed(out) as unknown as RunEvent[];
    expect(events.filter(({ event }) => event === 'progress').at(-1)).toEqual({
      event: 'progress',
      stage: 'label',
      done: 70,
      total: 70,
      unit: 'examples',
      unitsPerSecond: expect.any(Number) as number,
      secondsLeft: 0,
      figures: {},
    });
    expect(parsed(out).at(-1)).toEqual({
      event: 'labelled',
      kept: true,
      why: 'examples look the same in each epoch',
      total: 70,
      asked: 70,
      outputs: [{ output: 'logits', encoding: 'float32' }],
    });
  });

  it('trains a teacher that is a recipe first, and then labels', async () => {
    const words = ['label', join(folder, 'student.yaml'), '--runs', runs];
    const { code, out, err } = await potstill(words);
    expect(code).toBe(0);
    expect(out).toEqual(['70 answers stored']);
    expect(err).toContain('== teacher');
    expect((await potstill([...words, '--quiet'])).out).toEqual(['70 answers stored, none of them now']);
    expect((await readdir(runs)).filter((name) => name.startsWith('tiny-student'))).toEqual([]);
  });

  it('refuses a recipe of which no loss reads a teacher', async () => {
    const { code, err } = await label('--set', 'losses=[cross-entropy]');
    expect(code).toBe(2);
    expect(err[0]).toBe(
      'error[RECIPE_NO_TEACHER]: no loss of this recipe reads a teacher, so there is nothing to label',
    );
  });
});

describe('potstill store', () => {
  it.each(['ls', 'verify', 'prune', 'export'])('%s --help has an example', async (name) => {
    const { code, out } = await potstill(['store', name, '--help']);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(new RegExp(`\nExamples:\n {2}potstill store ${name}`));
  });

  it('ls lists teacher, data, answers, size, encoding and recipes', async () => {
    expect((await store('ls')).out).toEqual(['nothing is stored']);
    await label();
    await label('--set', 'teacher={use: tiny/teacher, cache: {encoding: int8}}', '--set', 'name=other');
    const { out } = await store('ls');
    expect(out[0]).toMatch(/^id +teacher +data +answers +size +used +by +encoding cost$/);
    expect(out[1]).toMatch(
      /^[0-9a-f]{12}\/logits\/float32 +tiny\/teacher +tiny\/points +70 +\d\.\d kB +\S+ s ago +tiny-student$/,
    );
    expect(out[2]).toMatch(/\/logits\/int8 .* other +KL \d\.\de-\d, at most \d\.\de-\d$/);
    expect(out[3]).toMatch(/^\d\.\d kB in all$/);
    const [first] = parsed((await store('ls', '--json')).out);
    expect(first).toMatchObject({
      event: 'stored',
      output: 'logits',
      encoding: 'float32',
      answers: 70,
      size: 70,
      complete: true,
      shape: [classes],
    });
  });

  it('verify names a damaged shard and exits with 2; label makes it again', async () => {
    await label();
    const [{ shards } = { shards: new Map<number, string>() }] = await stored();
    const [path = ''] = shards.values();
    expect((await store('verify')).out[0]).toMatch(/^[0-9a-f]{12}\/logits\/float32: 1 shards whole$/);
    await appendFile(path, 'x');
    const { code, out, err } = await store('verify');
    expect(code).toBe(2);
    expect(out[0]).toContain('1 of 1 shards damaged');
    expect(err[0]).toBe(`error[STORE_DAMAGED]: ${path}: its bytes are not those that were written`);
    expect(parsed((await store('verify', '--json')).out)[0]).toMatchObject({ file: path });
    const again = await label('--json');
    expect(parsed(again.out)).toContainEqual(expect.objectContaining({ code: 'STORE_DAMAGED' }));
    expect(await store('verify')).toMatchObject({ code: 0 });
    expect((await store('verify', 'fff')).err[0]).toContain('nothing in the store begins with `fff`');
  });

  it('prune removes by age, recipe and state, and with --dry-run nothing', async () => {
    await label();
    await label('--set', 'teacher={use: tiny/teacher, cache: {encoding: int8}}', '--set', 'name=other');
    const refused = await store('prune');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err[0]).toBe('error[USAGE]: nothing says what to prune');
    expect((await store('prune', '--older-than', '3 days')).err[0]).toContain('Write a number and d, h or m');
    expect((await store('prune', '--incomplete')).out).toEqual(['nothing to prune']);
    const dry = await store('prune', '--recipe', 'other', '--dry-run');
    expect(dry.out).toEqual([expect.stringMatching(/^would remove [0-9a-f]{12}\/logits\/int8, \d/)]);
    expect(await stored()).toHaveLength(2);
    await store('prune', '--recipe', 'other');
    const [left, ...others] = await stored();
    expect(others).toEqual([]);
    expect((await store('prune', '--older-than', '1d')).out).toEqual(['nothing to prune']);
    const old = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(left?.folder ?? '', 'used-by', 'tiny-student'), old, old);
    await store('prune', '--older-than', '1d');
    expect(await stored()).toEqual([]);
    expect(await readdir(join(runs, teacherStoreFolder))).toEqual([]);
  });

  it('prune --incomplete takes what was not finished', async () => {
    await label();
    const [{ shards } = { shards: new Map<number, string>() }] = await stored();
    for (const path of shards.values()) await rm(path);
    expect((await store('ls')).out[1]).toContain(' 0 of 70 ');
    const { code, err } = await store('export', '', join(folder, 'a.npy'));
    expect(code).toBe(2);
    expect(err[0]).toMatch(/\/logits\/float32 has 0 of 70 answers$/);
    await store('prune', '--incomplete');
    expect(await stored()).toEqual([]);
  });

  it('export writes what training reads as .npy and .safetensors', async () => {
    await label();
    const [{ id } = { id: '' }] = await stored();
    const npy = join(folder, 'out', 'logits.npy');
    expect((await store('export', id.slice(0, 5), npy)).out).toEqual([`${npy}: float32 [70, 3] of ${id}`]);
    const bytes = await readFile(npy);
    const length = bytes.readUInt16LE(8);
    expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
    expect((10 + length) % 64).toBe(0);
    expect(bytes.toString('latin1', 10, 10 + length).trimEnd()).toBe(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (70, 3), }",
    );
    const numbers = new Float32Array(Uint8Array.from(bytes.subarray(10 + length)).buffer);
    expect(numbers).toEqual(await expected());

    const safetensors = join(folder, 'logits.safetensors');
    await store('export', id, safetensors);
    const { tensors, metadata } = decodeSafetensors(await readFile(safetensors), safetensors);
    expect(tensors.logits).toEqual({ dtype: 'float32', shape: [70, 3], data: await expected() });
    expect(metadata).toMatchObject({ teacher: 'tiny/teacher', data: 'tiny/points', encoding: 'float32' });

    const other = await store('export', id, join(folder, 'logits.csv'));
    expect(other.code).toBe(2);
    expect(other.err[0]).toMatch(/logits\.csv ends in none of \.npy, \.safetensors$/);
    await writeFile(join(folder, 'file'), '');
    expect((await store('export', id, join(folder, 'file', 'a.npy'))).code).toBe(1);
  });
});
