// Plugins by name: from the recipe's folder, whatever their package looks like.
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRegistry, loadPlugins, openRecipe, PotstillError } from 'potstill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { samplePlugin } from '../recipe/sample-plugin.js';

let folder: string;
const plugin = (name: string) =>
  `export default { name: '${name}', version: '1.0.0', potstill: '*', components: [] };\n`;

async function install(name: string, files: Record<string, string>): Promise<void> {
  const root = path.join(folder, 'node_modules', name);
  await mkdir(root, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(root, file), text);
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'potstill-plugins-')));
  const esm = (name: string, exports: unknown) =>
    JSON.stringify({ name, version: '1.0.0', type: 'module', exports });
  await install('import-only', {
    'package.json': esm('import-only', { '.': { import: './index.js' } }),
    'index.js': plugin('import-only'),
  });
  await install('default-only', {
    'package.json': esm('default-only', { '.': { types: './x.d.ts', default: './index.js' } }),
    'index.js': plugin('default-only'),
  });
  await install('old-style', {
    'package.json': JSON.stringify({ name: 'old-style', version: '1.0.0', main: 'main.cjs' }),
    'main.cjs': `module.exports = { name: 'old-style', version: '1.0.0', potstill: '*', components: [] };\n`,
  });
  await install('not-built', { 'package.json': esm('not-built', { '.': { default: './dist/index.js' } }) });
  await install('no-door', { 'package.json': esm('no-door', { './other': './other.js' }) });
  await install('no-default', {
    'package.json': esm('no-default', { '.': './index.js' }),
    'index.js': 'export const plugin = 1;\n',
  });
  await install('throws', {
    'package.json': esm('throws', { '.': './index.js' }),
    'index.js': "throw new Error('broken at import');\n",
  });
  await install('lacks', {
    'package.json': esm('lacks', { '.': './index.js' }),
    'index.js': "import 'a-package-that-is-not-there';\nexport default {};\n",
  });
  await install('no-plugin', {
    'package.json': esm('no-plugin', { '.': './index.js' }),
    'index.js': 'export default { hello: true };\n',
  });
  await writeFile(path.join(folder, 'own.mjs'), plugin('own'));
  await symlink('loop.js', path.join(folder, 'loop.js'));
  const put = async (name: string, files: Record<string, string>) => {
    await mkdir(path.join(folder, name));
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, name, file), text);
  };
  await put('by-index', { 'index.mjs': plugin('by-index') });
  await put('by-main', { 'package.json': '{ "main": "a.mjs" }', 'a.mjs': plugin('by-main') });
  await put('by-exports', { 'package.json': esm('by-exports', './a.js'), 'a.js': plugin('by-exports') });
  await put('unbuilt', { 'package.json': esm('unbuilt', './dist/a.js') });
});
afterAll(() => rm(folder, { recursive: true }));

const references = (...names: string[]) =>
  names.map((name, index) => ({ name, folder, path: `plugins.${index}` }));

async function refused(loading: Promise<unknown>): Promise<PotstillError> {
  const reason: unknown = await loading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof PotstillError) return reason;
  throw new Error(`expected a PotstillError, got ${String(reason)}`);
}

describe('loadPlugins', () => {
  it('loads nothing when nothing is named', async () => {
    expect(await loadPlugins([])).toEqual([]);
  });

  it('loads packages of every sort, and files', async () => {
    const names = ['import-only', 'default-only', 'old-style', './own.mjs'];
    const registry = createRegistry(await loadPlugins(references(...names)));
    expect(registry.plugins.map(({ name }) => name)).toEqual([
      'import-only',
      'default-only',
      'old-style',
      'own',
    ]);
  });

  it('loads a folder by its package.json or its index file', async () => {
    const names = ['./by-index', './by-main', './by-exports/'];
    const registry = createRegistry(await loadPlugins(references(...names)));
    expect(registry.plugins.map(({ name }) => name)).toEqual(['by-index', 'by-main', 'by-exports']);
  });

  it('takes known plugins as they are', async () => {
    const [entry] = await loadPlugins(references('@acme/sample'), {
      known: new Map([['@acme/sample', samplePlugin]]),
    });
    expect(entry).toEqual({ plugin: samplePlugin, asked: '@acme/sample', path: 'plugins.0' });
  });

  it('finds what is installed beside potstill when the recipe has none', async () => {
    // zod is a dependency of potstill and no plugin: what is tested is that it is found at all.
    const error = await refused(loadPlugins(references('zod')).then(createRegistry));
    expect(error.code).toBe('PLUGIN_INVALID');
  });

  it.each([
    ['absent', 'PLUGIN_NOT_FOUND', 'the plugin absent is not installed', 'npm install absent'],
    [
      '@acme/absent',
      'PLUGIN_NOT_FOUND',
      'the plugin @acme/absent is not installed',
      'npm install @acme/absent',
    ],
    [
      './absent.js',
      'PLUGIN_NOT_FOUND',
      'cannot read the plugin ./absent.js: it does not exist',
      'looked for in ',
    ],
    [
      './loop.js',
      'PLUGIN_NOT_FOUND',
      'cannot read the plugin ./loop.js: its symbolic links form a cycle',
      ' in ',
    ],
    ['.', 'PLUGIN_NOT_FOUND', 'the plugin . is a folder without a package.json', 'name the file itself'],
    ['./unbuilt', 'PLUGIN_NOT_FOUND', 'the package in ./unbuilt has not been built', null],
    ['fs', 'PLUGIN_NOT_FOUND', 'fs is a module of Node.js, not a plugin', null],
    ['not-built', 'PLUGIN_NOT_FOUND', 'the plugin not-built is not installed', 'npm install not-built'],
    ['no-door', 'PLUGIN_INVALID', 'no-door cannot be imported', undefined],
    [
      'no-default',
      'PLUGIN_INVALID',
      'no-default has no default export',
      'export default definePlugin({ … })',
    ],
    ['throws', 'PLUGIN_FAILED', 'throws threw while it was imported: broken at import', undefined],
    ['lacks', 'PLUGIN_FAILED', 'lacks threw while it was imported', undefined],
  ])('says of %s: %s', async (name, code, message, hint) => {
    const error = await refused(loadPlugins(references(name)));
    expect(error.records).toHaveLength(1);
    expect(error.records[0]).toMatchObject({ code, path: 'plugins.0' });
    expect(error.records[0].message).toContain(message);
    if (hint === undefined) expect(error.cause).toBeInstanceOf(Error);
    else if (hint !== null) expect(error.records[0].hint).toContain(hint);
  });

  it('tells of all that fail at once', async () => {
    const error = await refused(loadPlugins(references('absent', 'import-only', 'no-default')));
    expect(error.records.map(({ code, path: at }) => [code, at])).toEqual([
      ['PLUGIN_NOT_FOUND', 'plugins.0'],
      ['PLUGIN_INVALID', 'plugins.2'],
    ]);
  });
});

describe('openRecipe', () => {
  const body = `data: { train: digits }
student: cnn
losses: [cross-entropy]
train: { epochs: 1 }
`;

  it('reads a recipe with its plugins', async () => {
    await writeFile(path.join(folder, 'good.yaml'), `name: good\nplugins: [import-only, ./own.mjs]\n${body}`);
    const { plan, registry } = await openRecipe('good.yaml', { cwd: folder, builtIn: [samplePlugin] });
    expect(plan.student.plugin).toEqual({ name: '@acme/sample', version: '0.3.0' });
    expect(registry.plugins).toHaveLength(3);
  });

  it('places what is wrong with plugins in the recipe', async () => {
    await writeFile(
      path.join(folder, 'bad.yaml'),
      `name: bad\nplugins: [absent, import-only]\n${body}evalute: []\n`,
    );
    const error = await refused(openRecipe('bad.yaml', { cwd: folder, builtIn: [samplePlugin] }));
    expect(error.records.map(({ code, location }) => [code, location?.line, location?.column])).toEqual([
      ['PLUGIN_NOT_FOUND', 2, 11],
      ['RECIPE_UNKNOWN_KEY', 7, 1],
    ]);
  });

  it('places a default export that is no plugin, and one that is named twice', async () => {
    await writeFile(
      path.join(folder, 'odd.yaml'),
      `name: odd\nplugins:\n  - no-plugin\n  - '@acme/sample'\n${body}`,
    );
    const known = new Map([['@acme/sample', samplePlugin]]);
    const error = await refused(openRecipe('odd.yaml', { cwd: folder, builtIn: [samplePlugin], known }));
    expect(error.records.map(({ code, location }) => [code, location?.line])).toEqual([
      ['PLUGIN_INVALID', 3],
      ['PLUGIN_TWICE', 4],
    ]);
    expect(error.records[0].message).toContain('no-plugin is not a plugin: it needs the key `name`: text');
  });
});
