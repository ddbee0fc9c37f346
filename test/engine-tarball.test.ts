// The README's example of `fit`, from the packed engine in a folder outside the repository: by npm, tsc and node.
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, root, run, tsc } from './support/processes.js';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
let folder: string;

async function must(command: string, words: readonly string[], cwd: string): Promise<void> {
  const { code, out, err } = await run(command, words, { cwd });
  expect({ words, code, said: code === 0 ? '' : out + err }).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-engine-'));
  await must(npm, ['pack', '--silent', '--pack-destination', folder, '-w', 'core/engine'], root);
  await cp(join(root, '.npmrc'), join(folder, '.npmrc'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz')).map((name) => `./${name}`);
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund'];
  await must(npm, [...install, ...tarballs, '@tensorflow/tfjs@4.22.0'], folder);
  const readme = await readFile(join(folder, 'node_modules/@potstill/engine/README.md'), 'utf8');
  const [, example] = /## From model\.fit to the engine[^]*?```js\n([^]*?)```/.exec(readme) ?? [];
  if (example === undefined) throw new Error('the README of the engine shows no example of fit');
  await writeFile(join(folder, 'example.mjs'), example);
  await writeFile(
    join(folder, 'example.mts'),
    `declare const console: { log(value: unknown): void };\n${example}`,
  );
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the packed engine', () => {
  it('trains the README example, whose loss falls', async () => {
    const { code, out, err } = await run(process.execPath, ['example.mjs'], { cwd: folder });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const losses = (/\[([^\]]*)\]/.exec(out)?.[1] ?? '').split(',').map(Number);
    expect(losses).toHaveLength(5);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });

  it('has types that the example passes', async () => {
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
    };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['example.mts'] }),
    );
    const words = [tsc, '-p', folder];
    expect(await run(process.execPath, words, { cwd: folder })).toEqual({ code: 0, out: '', err: '' });
  }, 120_000);
});
