// A plugin in a folder outside the repository, against the packed packages: as the guide shows it, by npm, tsc and potstill.
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeIdx } from '../plugins/vision/test/idx-files.js';
import { build, root, run, tsc, type Ended } from './support/processes.js';

const packages = ['core/engine', 'core/distill', 'plugins/vision'] as const;
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

let folder: string;
/** What `tsc` said of the plugin. */
let compiled: Ended;
/** Runs a program in the outside folder; anything but exit code 0 fails the test with what it printed. */
async function must(command: string, words: readonly string[], cwd = folder): Promise<string> {
  const { code, out, err } = await run(command, words, { cwd });
  expect({ command: `${command} ${words.join(' ')}`, code, said: code === 0 ? '' : out + err }).toMatchObject(
    { code: 0 },
  );
  return out;
}
const potstill = (...words: string[]): Promise<Ended> =>
  run(process.execPath, [join(folder, 'node_modules/potstill/bin/potstill.js'), ...words], { cwd: folder });

beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-third-party-'));
  for (const each of packages)
    await must(npm, ['pack', '--silent', '--pack-destination', folder, '-w', each], root);
  // What a user has beside the three: peer dependencies, and the same npm settings (install scripts off).
  await cp(join(root, '.npmrc'), join(folder, '.npmrc'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz')).map((name) => `./${name}`);
  const peers = ['@tensorflow/tfjs@4.22.0', 'zod@4'];
  await must(npm, ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs, ...peers]);

  const [, guide] =
    /```ts\n([\s\S]*?)```/.exec(await readFile(join(root, 'docs/guide/plugin.md'), 'utf8')) ?? [];
  if (guide === undefined) throw new Error('docs/guide/plugin.md shows no plugin');
  const plugin = join(folder, 'node_modules/@acme/potstill-losses');
  await mkdir(plugin, { recursive: true });
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src/index.ts'), guide);
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2023',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: [],
    rootDir: 'src',
    outDir: 'node_modules/@acme/potstill-losses',
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  await writeFile(
    join(plugin, 'package.json'),
    JSON.stringify({
      name: '@acme/potstill-losses',
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
    }),
  );
  await writeFile(join(folder, 'broken.js'), `throw new Error('no licence key');\nexport default {};\n`);
  for (const name of ['good', 'broken']) await writeFile(join(folder, `${name}.yaml`), recipe(name));
  // Four hundred grey squares whose shade is their class, as idx files: enough to learn from.
  const labels = Array.from({ length: 400 }, (_, i) => i % 2);
  const pixels = labels.flatMap((label) => Array<number>(16).fill(20 + 200 * label));
  await writeIdx(join(folder, 'images.idx'), [400, 4, 4], pixels);
  await writeIdx(join(folder, 'labels.idx'), [400], labels);
  compiled = await run(process.execPath, [tsc, '-p', folder], { cwd: folder });
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const recipe = (name: string) => `
name: ${name}
plugins: ['@potstill/vision', '${name === 'good' ? '@acme/potstill-losses' : './broken.js'}']
data:
  train: { use: vision/idx, images: images.idx, labels: labels.idx }
  test: { use: vision/idx, images: images.idx, labels: labels.idx }
teacher: { recipe: ./teacher.yaml }
student: { use: mlp, hidden: [8] }
losses:
  - { use: acme/absolute, scale: 2 }
train: { epochs: 12, batch: 32, optimizer: { use: adam }, rate: 0.01, seed: 1 }
export: [onnx]
`;

describe('a plugin outside the repository', () => {
  it('is given packages that hold what runs, its types and its licence, and nothing else', async () => {
    for (const name of ['@potstill/engine', 'potstill', '@potstill/vision']) {
      const files = await readdir(join(folder, 'node_modules', name), { recursive: true });
      expect(files, name).toEqual(
        expect.arrayContaining([
          'LICENSE',
          'README.md',
          'package.json',
          join('dist', 'index.js'),
          join('dist', 'index.d.ts'),
        ]),
      );
      const others = files.filter(
        (file) => !/^(dist|bin|node_modules)\b|^(LICENSE|README\.md|package\.json)$/.test(file),
      );
      expect(others, name).toEqual([]);
      expect(
        files.filter((file) => /\.map$|tsbuildinfo|\.test\./.test(file)),
        name,
      ).toEqual([]);
    }
  });

  it('is type-checked and compiled as the guide shows it', () => {
    expect(compiled).toEqual({ code: 0, out: '', err: '' });
  });

  it('finds no error in the types of the three packages, which skipLibCheck would hide', async () => {
    await writeFile(
      join(folder, 'src/all.ts'),
      "import '@potstill/engine';\nimport '@potstill/vision';\nexport * from 'potstill';\n",
    );
    const { out } = await run(process.execPath, [tsc, '-p', '.', '--noEmit', '--skipLibCheck', 'false'], {
      cwd: folder,
    });
    const files = [...out.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file = '']) => file);
    // TF.js's own types have errors, so that the check is known to have looked.
    expect(files.some((file) => file.includes('@tensorflow'))).toBe(true);
    expect(files.filter((file) => /^src|potstill/.test(file.replace(/^.*node_modules/, '')))).toEqual([]);
  }, 120_000);

  it('is listed with the help of its components', async () => {
    const { code, out } = await potstill('list', '-p', '@acme/potstill-losses');
    expect(code).toBe(0);
    expect(out).toMatch(/acme\/absolute +Mean absolute difference of the logits\./);
  });

  it('gives a recipe its loss', async () => {
    await writeFile(
      join(folder, 'teacher.yaml'),
      recipe('good')
        .replace(/name: good/, 'name: teacher')
        .replace(/teacher: .*\n/, '')
        .replace(/use: acme.*\}/, 'use: cross-entropy }'),
    );
    const { code, out, err } = await potstill('run', 'good.yaml', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const done = JSON.parse(out.trim().split('\n').at(-1) ?? '') as {
      readonly event: string;
      readonly runFolder: string;
      readonly summary: { readonly student: { readonly errors: number } };
    };
    expect(done).toMatchObject({
      event: 'done',
      summary: { student: { errors: expect.any(Number) as number } },
    });
    expect(await readFile(join(done.runFolder, 'recipe.yaml'), 'utf8')).toContain('use: acme/absolute');
    // Guessing makes 200.
    expect(done.summary.student.errors).toBeLessThan(150);
  }, 120_000);

  it('may ask for a backend that is not installed, and is told how to install it', async () => {
    const { code, err } = await potstill('run', 'good.yaml', '--set', 'backend=tensorflow');
    expect(err).toMatch(
      /error\[ENGINE_BACKEND_MISSING\]: the `tensorflow` backend needs @tensorflow\/tfjs-node/,
    );
    expect(err).toContain('hint: Run `npm install @tensorflow/tfjs-node`');
    expect(code).toBe(2);
  });

  it('failing to load ends the command with its name, its error and an exit code of its own', async () => {
    const { code, err } = await potstill('check', 'broken.yaml');
    expect(err).toMatch(/broken\.js/);
    expect(err).toMatch(/no licence key/);
    expect(err).toMatch(/PLUGIN_/);
    expect(code).toBe(3);
  });
});
