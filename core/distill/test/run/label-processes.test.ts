// The teacher store under kills and several processes: little is asked twice, and the student's bytes stay the same.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../../test/support/processes.js';
import { teacherStoreFolder } from '../../src/run/names.js';
import { listStored, verifyStored } from '../../src/store/index.js';
import { Workplace } from './tiny.js';

const child = fileURLToPath(new URL('label-child.ts', import.meta.url));
const size = 2000;
/** Examples a shard of so small a data set. */
const shard = 256;

let whole: Workplace;
let place: Workplace;
beforeEach(async () => {
  [whole, place] = await Promise.all([Workplace.make(), Workplace.make()]);
  for (const each of [whole, place]) {
    const text = await readFile(join(each.folder, 'student.yaml'), 'utf8');
    await each.write(
      'student.yaml',
      text
        .replace('[tiny]', '[tiny, slow]')
        .replace('{ recipe: ./teacher.yaml }', 'slow/teacher')
        .replace('size: 70', `size: ${size}`)
        .replace('preflight: { sample: 64 }', 'preflight: { enabled: false }\nbaseline: false'),
    );
    await writeFile(join(each.folder, 'go'), '');
  }
});
afterEach(async () => {
  for (const each of [whole, place]) await rm(each.folder, { recursive: true, force: true });
});

interface Result {
  readonly asked: number;
  readonly runFolder: string;
}

function start({ folder }: Workplace, ...words: string[]) {
  return run(process.execPath, ['--conditions=potstill-source', '--import', 'tsx', child, folder, ...words]);
}

function resultOf({ code, out, err }: Awaited<ReturnType<typeof start>>): Result {
  if (code !== 0) throw new Error(`the child ended with ${code}: ${err}`);
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Result;
}

const student = ({ runFolder }: Result) => readFile(join(runFolder, 'student.safetensors'));

/** Shards that are there, each of which must be whole. */
async function shardsOf({ runs }: Workplace): Promise<number> {
  let count = 0;
  for (const stored of await listStored(join(runs, teacherStoreFolder)))
    for await (const { file, fault } of verifyStored(stored)) {
      expect(fault, file).toBeUndefined();
      count++;
    }
  return count;
}

describe('a store that is filled', () => {
  it('loses at most one shard by a kill -9, verifies, and gives the student of an unbroken run', async () => {
    const unbroken = resultOf(await start(whole));
    expect(unbroken.asked).toBe(size);

    expect((await start(place, '--kill', '1100')).code).toBeNull();
    const kept = (await shardsOf(place)) * shard;
    expect(kept).toBeGreaterThan(1100 - shard);

    const resumed = resultOf(await start(place));
    expect(resumed.asked).toBe(size - kept);
    expect(await student(resumed)).toEqual(await student(unbroken));
  }, 120_000);

  it('is shared by processes that work at once: each asks about a part, and trains the same student', async () => {
    const unbroken = resultOf(await start(whole));
    await rm(join(place.folder, 'go'));
    let ready = 0;
    const both = [1, 2].map(() =>
      run(
        process.execPath,
        ['--conditions=potstill-source', '--import', 'tsx', child, place.folder, '--pause', '60'],
        {
          onLine: (line) => {
            if (line === 'ready' && ++ready === 2) void writeFile(join(place.folder, 'go'), '');
          },
        },
      ),
    );
    const results = (await Promise.all(both)).map(resultOf);
    for (const result of results) {
      expect(result.asked).toBeGreaterThan(0);
      expect(await student(result)).toEqual(await student(unbroken));
    }
    // Each may have begun the block that the other was about to finish.
    const asked = results.reduce((sum, result) => sum + result.asked, 0);
    expect(asked).toBeGreaterThanOrEqual(size);
    expect(asked).toBeLessThanOrEqual(size + 2 * shard);
    expect(await shardsOf(place)).toBe(Math.ceil(size / shard));
    const [stored] = await listStored(join(place.runs, teacherStoreFolder));
    expect(stored).toMatchObject({
      complete: true,
      answers: size,
      uses: { 'tiny-student': expect.any(Number) as number },
    });
    expect(await readdir(join(stored?.folder ?? '', '..', '..'))).not.toContain('filling');
  }, 120_000);
});
