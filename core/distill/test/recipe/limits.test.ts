// Recipes that no one writes by hand: too large, too deep, in another encoding, or not recipes at all.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadRecipe, PotstillError, type ErrorRecord } from 'potstill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleRegistry } from './sample-plugin.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'potstill-limits-'));
});
afterAll(() => rm(folder, { recursive: true }));

const minimal = `name: minimal
data: { train: digits }
student: { use: mlp, hidden: [] }
losses: [cross-entropy]
train: { epochs: 1 }
`;

async function load(content: string | Buffer, set: readonly string[] = []) {
  await writeFile(path.join(folder, 'recipe.yaml'), content);
  return loadRecipe('recipe.yaml', { lookup: sampleRegistry, cwd: folder, set });
}

async function refusal(loading: Promise<unknown>): Promise<readonly ErrorRecord[]> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PotstillError) return error.records;
  throw new Error(`expected a PotstillError, got ${String(error)}`);
}

const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const utf32 = (text: string) => Buffer.from([...text].flatMap((c) => [c.charCodeAt(0), 0, 0, 0]));

describe('a recipe file', () => {
  it('may begin with the byte order mark of UTF-8', async () => {
    expect(await load(`\ufeff${minimal}`)).toMatchObject({ name: 'minimal' });
  });

  it.each([
    ['UTF-16 with a mark', utf16(`\ufeff${minimal}`), 'it is encoded as UTF-16; recipes must be UTF-8'],
    ['UTF-16 without one', utf16(minimal), 'it is encoded as UTF-16; recipes must be UTF-8'],
    [
      'UTF-16, big end first',
      utf16(`\ufeff${minimal}`).swap16(),
      'it is encoded as UTF-16; recipes must be UTF-8',
    ],
    ['UTF-32 with a mark', utf32(`\ufeff${minimal}`), 'it is encoded as UTF-32; recipes must be UTF-8'],
    ['UTF-32, big end first', utf32(minimal).swap32(), 'it is encoded as UTF-32; recipes must be UTF-8'],
    [
      'Latin-1',
      Buffer.from(`${minimal}description: Größe\n`, 'latin1'),
      'it is not UTF-8: byte 0xf6 in line 6, column 16; it may be Latin-1 or Windows-1252',
    ],
  ])('in %s is told its encoding', async (_, bytes, reason) => {
    expect(await refusal(load(bytes))).toMatchObject([
      {
        code: 'RECIPE_SYNTAX',
        message: `cannot read the recipe recipe.yaml: ${reason}`,
        hint: 'save it as UTF-8',
      },
    ]);
  });

  it('that is no text is refused', async () => {
    const [record] = await refusal(load(Buffer.from(`PK\u0003\u0004 ab\0\0${minimal}`)));
    expect(record?.message).toBe('cannot read the recipe recipe.yaml: it is not a text file');
  });

  it('of any size is refused above the limit, a device without end included', async () => {
    const tooLarge = /it is larger than 4 MB, the limit for recipes$/;
    const [record] = await refusal(load('#'.repeat(4_000_001)));
    expect(record?.message).toMatch(tooLarge);
    if (process.platform === 'win32') return;
    const [device] = await refusal(loadRecipe('/dev/zero', { lookup: sampleRegistry }));
    expect(device?.message).toMatch(tooLarge);
  });

  it('that is a circle of links, or lies below a file, is refused with the reason', async () => {
    await load(minimal);
    await symlink('loop.yaml', path.join(folder, 'loop.yaml'));
    const read = (file: string) => refusal(loadRecipe(file, { lookup: sampleRegistry, cwd: folder }));
    expect(await read('loop.yaml')).toMatchObject([
      {
        code: 'RECIPE_NOT_FOUND',
        message: 'cannot read the recipe loop.yaml: its symbolic links form a cycle',
      },
    ]);
    expect((await read('recipe.yaml/deeper.yaml'))[0]?.message).toMatch(/a part of its path is a file$/);
    const extending = await refusal(load(`${minimal}extends: loop.yaml\n`));
    expect(extending).toMatchObject([
      { code: 'RECIPE_EXTENDS', message: 'cannot extend loop.yaml: its symbolic links form a cycle' },
    ]);
  });
});

describe('a recipe', () => {
  it.each([
    ['lists', `${minimal}k: ${'['.repeat(30_000)}${']'.repeat(30_000)}\n`],
    ['lists that do not end', `${minimal}k: ${'['.repeat(30_000)}`],
    ['maps', `${minimal}k: ${'{a: '.repeat(30_000)}1${'}'.repeat(30_000)}\n`],
    ['lists written as lines', `${minimal}k:\n  ${'- '.repeat(30_000)}1\n`],
  ])('of %s within each other is refused', async (_, text) => {
    const [record] = await refusal(load(text));
    expect(record).toMatchObject({
      code: 'RECIPE_SYNTAX',
      message: 'lists and maps are nested more than 64 deep',
    });
    expect(record?.location?.line).toBeGreaterThanOrEqual(6);
  });

  it('of too many entries is refused', async () => {
    const text = `${minimal}description: x\nk: [${'1,'.repeat(200_001)}1]\n`;
    expect(await refusal(load(text))).toMatchObject([
      { message: 'more than 200,000 keys and entries, the limit for recipes' },
    ]);
  });

  it('with many mistakes is told each, in order, at its own line', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: ${index}`);
    const records = await refusal(load(`${minimal}${keys.join('\n')}\n`));
    expect(records).toHaveLength(20_000);
    expect(records[0]?.location?.line).toBe(6);
    expect(records.at(-1)).toMatchObject({
      message: 'unknown key `k19999`',
      location: { line: 20_005, column: 1 },
      frame: '20004 | k19998: 19998\n20005 | k19999: 19999\n      | ^^^^^^',
    });
  });

  it('that gives keys twice is told each of them', async () => {
    const keys = Array.from({ length: 3000 }, (_, index) => `k${index % 1500}: 1`);
    const records = await refusal(load(`${minimal}${keys.join('\n')}\n`));
    expect(records).toHaveLength(1500);
    expect(records[0]).toMatchObject({
      message: 'the key `k0` is given twice in one map',
      hint: 'keep one of them',
      location: { line: 1506, column: 1, length: 2 },
    });
  });

  it('is not changed at a path of too many parts', async () => {
    const set = `${'a.'.repeat(20_000)}a=1`;
    expect(await refusal(load(minimal, [set]))).toMatchObject([
      { code: 'RECIPE_BAD_OVERRIDE', message: 'the path has more than 64 parts' },
    ]);
  });
});
