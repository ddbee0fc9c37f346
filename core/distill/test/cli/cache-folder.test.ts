// Where compiled graphs are kept, and that runs use it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFolder } from '../../src/cli/cache-folder.js';
import { makePlace, potstill } from './place.js';

describe('cacheFolder', () => {
  it.each([
    ['linux', {}, join('/home/a', '.cache', 'potstill', 'graphs')],
    ['linux', { XDG_CACHE_HOME: '/caches' }, join('/caches', 'potstill', 'graphs')],
    ['linux', { XDG_CACHE_HOME: 'caches' }, join('/home/a', '.cache', 'potstill', 'graphs')],
    ['darwin', { XDG_CACHE_HOME: '/caches' }, join('/home/a', 'Library', 'Caches', 'potstill', 'graphs')],
    ['win32', { LOCALAPPDATA: '/local' }, join('/local', 'potstill', 'graphs')],
    ['win32', {}, join('/home/a', 'AppData', 'Local', 'potstill', 'graphs')],
    ['linux', { POTSTILL_CACHE: 'here', XDG_CACHE_HOME: '/caches' }, 'here'],
    ['linux', { POTSTILL_CACHE: '' }, false],
  ] as const)('on %s with %j is %s', (platform, env, folder) => {
    expect(cacheFolder(env, platform, () => '/home/a')).toBe(folder);
  });
});

describe('potstill run', () => {
  let place: string;
  let cache: string;
  beforeEach(async () => {
    place = await makePlace();
    cache = mkdtempSync(join(tmpdir(), 'potstill-cache-'));
    vi.stubEnv('POTSTILL_CACHE', cache);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const folder of [place, cache]) rmSync(folder, { recursive: true, force: true });
  });
  const run = (...more: string[]) =>
    potstill(['run', join(place, 'quick.yaml'), '--runs', join(place, 'runs'), '--quiet', ...more]);

  it('keeps compiled steps where POTSTILL_CACHE says', async () => {
    expect((await run()).code).toBe(0);
    const kept = readdirSync(cache);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.every((name) => name.endsWith('.graph'))).toBe(true);
    // The same recipe again compiles nothing that is new.
    expect((await run()).code).toBe(0);
    expect(readdirSync(cache)).toEqual(kept);
  });

  it('goes on without a folder for them, and says so', async () => {
    vi.stubEnv('POTSTILL_CACHE', '/dev/null/x');
    const { code, err } = await potstill(['run', join(place, 'quick.yaml'), '--runs', join(place, 'runs')]);
    expect(code).toBe(0);
    expect(err.join('\n')).toMatch(
      /warning\[ENGINE_CACHE\]: the cache of compiled graphs, \/dev\/null\/x, cannot/,
    );
  });

  it('goes on without a home folder, and says so', async () => {
    vi.stubEnv('POTSTILL_CACHE', undefined);
    vi.stubEnv('XDG_CACHE_HOME', undefined);
    vi.spyOn(os, 'homedir').mockImplementation(() => {
      throw new Error('uv_os_homedir returned ENOENT');
    });
    const { code, err } = await potstill(['run', join(place, 'quick.yaml'), '--runs', join(place, 'runs')]);
    expect(code).toBe(0);
    expect(err[0]).toBe(
      'there is no home folder, so compiled steps are not cached; set POTSTILL_CACHE to a folder to cache them',
    );
    vi.restoreAllMocks();
  });

  it('keeps nothing with --no-cache', async () => {
    expect((await run('--no-cache')).code).toBe(0);
    expect(readdirSync(cache)).toEqual([]);
  });
});
