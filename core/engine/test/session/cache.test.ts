// Compiled steps on disk: found again, and never worse than none.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEngine, type EngineOptions, type EngineWarning, type TrainingState } from '@potstill/engine';
import { makeFolder } from '../../src/session/make-folder.js';
import { GraphCache } from '../../src/session/cache.js';
import * as program from '../../src/session/program.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), 'potstill-cache-test-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const files = () => readdirSync(folder).sort();

/** Three steps of the CNN; also what was compiled and what was taken from the cache. */
async function run(
  options: EngineOptions = {},
): Promise<{ state: TrainingState; compiled: number; loaded: number }> {
  const compile = vi.spyOn(program, 'compile');
  const load = vi.spyOn(program, 'load');
  const net = cnn();
  const engine = await createEngine({ threads: 1, cache: folder, ...options });
  const session = await engine.training(net.definition);
  for (let i = 0; i < 3; i++) await session.train(cnnBatch(4, i), { rate: 0.05 });
  const state = await session.snapshot();
  const counts = { compiled: compile.mock.calls.length, loaded: load.mock.calls.length };
  await engine.dispose();
  net.dispose();
  vi.restoreAllMocks();
  return { state, ...counts };
}

describe('EngineOptions.cache', () => {
  it('compiles once, and gives the same numbers bit for bit from the cache', async () => {
    const first = await run();
    expect([first.compiled, first.loaded]).toEqual([1, 0]);
    expect(files()).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.graph$/)]);
    const second = await run();
    expect([second.compiled, second.loaded]).toEqual([0, 1]);
    expect(second.state).toEqual(first.state);
    expect((await run({ cache: false })).state).toEqual(first.state);
  });

  it('tells the same memory from the cache', async () => {
    const net = mlp();
    const accounts = [];
    for (let i = 0; i < 2; i++) {
      const engine = await createEngine({ threads: 1, cache: folder });
      const session = await engine.training(net.definition);
      const before = await session.memory(mlpBatch(8));
      await session.train(mlpBatch(8), { rate: 0.1 });
      accounts.push([before, await session.memory()]);
      await engine.dispose();
    }
    expect(accounts[1]).toEqual(accounts[0]);
    net.dispose();
  });

  it('is another graph for other passes and threads', async () => {
    await run();
    expect((await run({ passes: { 'share-common': false } })).loaded).toBe(0);
    expect((await run({ threads: 2 })).loaded).toBe(0);
    expect(files()).toHaveLength(3);
    expect((await run({ passes: { 'share-common': false } })).loaded).toBe(1);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['is cut off', (bytes) => bytes.subarray(0, bytes.length - 100)],
    [
      'has a bit that turned',
      (bytes) => {
        bytes[bytes.length - 50] = (bytes[bytes.length - 50] as number) ^ 1;
        return bytes;
      },
    ],
    ['is empty', () => new Uint8Array(0)],
    ['is something else', () => Buffer.from('potstill graph 0\n and more than a hundred bytes'.repeat(9))],
  ])('writes an entry again that %s', async (_, damage) => {
    const first = await run();
    const path = join(folder, files()[0] ?? '');
    const whole = readFileSync(path);
    writeFileSync(path, damage(Buffer.from(whole)));
    const second = await run();
    expect([second.compiled, second.loaded]).toEqual([1, 0]);
    expect(second.state).toEqual(first.state);
    expect(files()).toHaveLength(1);
    expect((await run()).loaded).toBe(1);
  });

  it('goes on without a folder that cannot be made, and warns once', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'not a folder');
    const warnings: EngineWarning[] = [];
    const net = mlp();
    const engine = await createEngine({
      threads: 1,
      cache: file,
      onWarning: (warning) => warnings.push(warning),
    });
    const session = await engine.training(net.definition);
    for (const size of [2, 3]) expect((await session.train(mlpBatch(size), { rate: 0.1 })).finite).toBe(true);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ code: 'ENGINE_CACHE' });
    expect(warnings[0]?.message).toContain(`the cache of compiled graphs, ${file}, cannot be used: `);
    await engine.dispose();
    net.dispose();
  });

  it('is shared by sessions that fill it at once', async () => {
    const nets = [0, 1, 2, 3].map(() => mlp());
    const engines = await Promise.all(nets.map(() => createEngine({ threads: 1, cache: folder })));
    const losses = await Promise.all(
      engines.map(async (engine, i) => {
        const session = await engine.training((nets[i] as (typeof nets)[number]).definition);
        return (await session.train(mlpBatch(8), { rate: 0.1 })).loss;
      }),
    );
    expect(new Set(losses).size).toBe(1);
    expect(files()).toHaveLength(1);
    for (const engine of engines) await engine.dispose();
    for (const net of nets) net.dispose();
  });
});

describe('makeFolder', () => {
  it('makes all folders that are missing, also twice at once', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(folder, 'a', 'd'))]);
    await makeFolder(path);
    expect(readdirSync(join(folder, 'a'))).toEqual(['b', 'd']);
  });

  it('fails where a file is in the way', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(makeFolder(file)).rejects.toThrow(/EEXIST/);
    await expect(makeFolder(join(file, 'below'))).rejects.toThrow(/ENOTDIR/);
  });

  it.runIf(os.platform() === 'linux')(
    'fails where the system lets no folder be made, rather than trying for ever',
    async () => {
      await expect(makeFolder('/proc/x/y')).rejects.toThrow(/ENOENT/);
    },
  );
});

describe('GraphCache', () => {
  const cacheOf = (limit: number) => new GraphCache(folder, () => expect.fail('nothing is wrong'), limit);
  const fill = (cache: GraphCache, key: string, size: number) =>
    cache.fill(key, { key }, (path) => {
      writeFileSync(path ?? '', Buffer.alloc(size, 7));
      return Promise.resolve(key);
    });
  const used = (key: string, seconds: number) => {
    const time = Date.now() / 1000 - seconds;
    utimesSync(join(folder, `${key}.graph`), time, time);
  };

  it('gives back what was put in', async () => {
    const cache = cacheOf(1e6);
    expect(await cache.find('a')).toBeUndefined();
    expect(await fill(cache, 'a', 5)).toBe('a');
    const found = await cache.find('a');
    expect(found?.facts).toEqual({ key: 'a' });
    expect([...(found?.model ?? [])]).toEqual([7, 7, 7, 7, 7]);
  });

  it('removes what was used least recently when the limit is passed', async () => {
    const cache = cacheOf(3500);
    for (const key of ['a', 'b', 'c']) await fill(cache, key, 1000);
    used('a', 300);
    used('b', 200);
    used('c', 100);
    // Use makes it the newest.
    await cache.find('a');
    await fill(cache, 'd', 1000);
    expect(files()).toEqual(['a.graph', 'c.graph', 'd.graph']);
    expect(statSync(join(folder, 'a.graph')).size).toBeGreaterThan(1000);
  });

  it('removes what processes that died left, and leaves what others are writing and what is not its own', async () => {
    for (const name of ['old.tmp', 'new.tmp', 'notes.txt']) writeFileSync(join(folder, name), 'x');
    const before = Date.now() / 1000 - 7200;
    for (const name of ['old.tmp', 'notes.txt']) utimesSync(join(folder, name), before, before);
    await fill(cacheOf(1e6), 'a', 10);
    expect(files()).toEqual(['a.graph', 'new.tmp', 'notes.txt']);
  });

  it('keeps nothing of a graph that could not be made', async () => {
    const broken = cacheOf(1e6).fill('a', {}, () => Promise.reject(new Error('no such operator')));
    await expect(broken).rejects.toThrow('no such operator');
    expect(files()).toEqual([]);
  });
});
