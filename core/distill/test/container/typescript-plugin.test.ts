// Plugins as TypeScript source, from the command line: by Node itself where it can, else by an installed tsx.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('bare-node.mjs', import.meta.url));
const root = fileURLToPath(new URL('../../../..', import.meta.url));
/** From 22.18 on Node strips types itself. */
const strips = 'typescript' in process.features && process.features.typescript !== false;

function load(folder: string, ...names: string[]): unknown[] {
  const words = ['--conditions=potstill-source', script, ...names];
  // The test runner's own options are not for the child.
  const text = execFileSync(process.execPath, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'potstill-ts-')));
  for (const place of ['with', 'without']) {
    const put = async (name: string, text: string) => {
      await mkdir(path.dirname(path.join(folder, place, name)), { recursive: true });
      await writeFile(path.join(folder, place, name), text);
    };
    const plugin = (name: string) =>
      `const name: string = '${name}';\nexport default { name, version: '1.0.0', potstill: '*', components: [] };\n`;
    await put('package.json', '{ "type": "module" }');
    await put('types.ts', plugin('types'));
    await put('folder/index.ts', plugin('folder'));
    await put('enum.ts', `enum Kind { One = 'enum' }\n${plugin('x').replace("'x'", 'Kind.One')}`);
    await put('untyped/package.json', '{}');
    await put('untyped/types.ts', plugin('untyped'));
    await put('parts.ts', "import { name } from './part.js';\nexport default { name };\n");
    await put('part.ts', "export const name: string = 'parts';\n");
    await put('notes.txt', 'no plugin');
    await put('throws.ts', "throw new Error('broken at import' as string);\n");
  }
  await mkdir(path.join(folder, 'with', 'node_modules'));
  await symlink(
    path.join(root, 'node_modules', 'tsx'),
    path.join(folder, 'with', 'node_modules', 'tsx'),
    'junction',
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('a plugin in TypeScript', () => {
  it('is loaded whole where tsx is installed', () => {
    const names = ['./types.ts', './folder', './enum.ts', './parts.ts', './untyped/types.ts'];
    expect(load(path.join(folder, 'with'), ...names)).toEqual([
      'types',
      'folder',
      'enum',
      'parts',
      'untyped',
    ]);
    expect(load(path.join(folder, 'with'), './throws.ts')).toEqual([
      'PLUGIN_FAILED: ./throws.ts threw while it was imported: broken at import',
    ]);
  });

  it('is loaded by Node itself, or refused with what to install', () => {
    const [types, whole, notes] = load(
      path.join(folder, 'without'),
      './types.ts',
      './enum.ts',
      './notes.txt',
    );
    const refusal = (name: string) =>
      expect.stringContaining(`PLUGIN_NOT_FOUND: the plugin ${name} is TypeScript that Node.js`) as unknown;
    expect(types).toEqual(strips ? 'types' : refusal('./types.ts'));
    expect(whole).toEqual(refusal('./enum.ts'));
    expect(notes).toBe('PLUGIN_NOT_FOUND: ./notes.txt is not a file of JavaScript or TypeScript');
  });
});
