// A plugin in a folder outside the repository, against the packed packages: as the guide shows it, by npm, tsc and potstill.
import { cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeIdx } from '../plugins/vision/test/idx-files.js';
import { guidePages, withKeys } from './support/guide.js';
import { Outside } from './support/outside.js';
import { run, type Ended } from './support/processes.js';

let outside: Outside;
let folder: string;
/** What `tsc` said of the plugin. */
let compiled: Ended;
const potstill = (...words: string[]): Promise<Ended> => outside.potstill(...words);

const pages = await guidePages();
const runnable = pages.flatMap(({ name, files }) =>
  [...files].filter(([file]) => file.endsWith('.yaml')).map(([file, text]) => ({ name, file, text })),
);

beforeAll(async () => {
  // The rest, zod and TF.js among it, comes with them: a plugin's peers are there.
  outside = await Outside.install(['core/engine', 'core/distill', 'plugins/vision'], ['@types/node@20']);
  folder = outside.folder;
  await mkdir(outside.path('src'));
  for (const { files } of pages)
    for (const [file, text] of files) if (/\.(ts|json)$/.test(file)) await outside.write(file, text);
  for (const { file, text } of runnable) await outside.write(file, withKeys(alone, text));
  compiled = await outside.tsc(['src'], { types: ['node'], rootDir: 'src', outDir: 'dist' });
  const plugin = 'node_modules/@acme/potstill-losses';
  await mkdir(outside.path(plugin), { recursive: true });
  await cp(outside.path('dist/index.js'), outside.path(plugin, 'index.js'));
  const manifest = {
    name: '@acme/potstill-losses',
    version: '1.0.0',
    type: 'module',
    exports: './index.js',
  };
  await outside.write(join(plugin, 'package.json'), JSON.stringify(manifest));
  await outside.write('broken.js', `throw new Error('no licence key');\nexport default {};\n`);
  for (const name of ['good', 'broken']) await outside.write(`${name}.yaml`, recipe(name));
  await outside.write('teacher.yaml', alone);
  // Four hundred grey squares whose shade is their class, as idx files: enough to learn from.
  const labels = Array.from({ length: 400 }, (_, i) => i % 2);
  const pixels = labels.flatMap((label) => Array<number>(16).fill(20 + 200 * label));
  await writeIdx(outside.path('images.idx'), [400, 4, 4], pixels);
  await writeIdx(outside.path('labels.idx'), [400], labels);
}, 240_000);
afterAll(() => outside.remove());

const recipe = (name: string) => `
name: ${name}
plugins: ['@potstill/vision', '${name === 'broken' ? './broken.js' : '@acme/potstill-losses'}']
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

/** A student without a teacher and a plugin of its own: what the recipes of the guide are completed with. */
const alone = withKeys(
  recipe('alone').replace(/teacher: .*\n/, ''),
  "plugins: ['@potstill/vision']\nlosses: [cross-entropy]\n",
);

describe('potstill installed', () => {
  interface Measured {
    readonly packages: readonly { readonly name: string; readonly bytes: number }[];
    readonly twice: readonly { readonly name: string }[];
  }
  /** What the vision plugin brings, which `npm install potstill` does not. */
  const ofVision = /^(@potstill\/vision|sharp|@img\/.*|@acme\/.*)$/;

  it('takes at most 450 MB, with one copy of each large package', async () => {
    const { out } = await run(process.execPath, ['tools/installed-size.mjs', folder, '--json']);
    const { packages, twice } = JSON.parse(out) as Measured;
    const counted = packages.filter(({ name }) => !ofVision.test(name));
    expect(counted.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['potstill', '@potstill/engine', 'onnxruntime-node', 'zod']),
    );
    expect(counted.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(450e6);
    // Types do not run: two copies of them do no harm.
    const large = packages
      .filter(({ name, bytes }) => bytes > 1e6 && !name.startsWith('@types/'))
      .map(({ name }) => name);
    expect(twice.filter(({ name }) => large.includes(name))).toEqual([]);
  });
});

describe('a plugin outside the repository', () => {
  it('is given packages that hold what runs, its types and its licence, and nothing else', async () => {
    for (const name of ['@potstill/engine', 'potstill', '@potstill/vision']) {
      const files = await readdir(outside.path('node_modules', name), { recursive: true });
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
        (file) =>
          !/^(dist|bin|node_modules)\b|^(LICENSE|README\.md|package\.json|recipe\.schema\.json)$/.test(file),
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
    await outside.write(
      'src/all.ts',
      "import '@potstill/engine';\nimport '@potstill/vision';\nimport 'potstill/testing';\nexport * from 'potstill';\n",
    );
    const { out } = await outside.tsc(['src'], { types: ['node'], noEmit: true, skipLibCheck: false });
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
    const { code, out, err } = await potstill('run', 'good.yaml', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const done = JSON.parse(out.trim().split('\n').at(-1) ?? '') as {
      readonly event: string;
      readonly runFolder: string;
      readonly summary: { readonly student: { readonly figures: { readonly errors: number } } };
    };
    expect(done).toMatchObject({
      event: 'done',
      summary: { student: { figures: { errors: expect.any(Number) as number } } },
    });
    expect(await readFile(join(done.runFolder, 'recipe.yaml'), 'utf8')).toContain('use: acme/absolute');
    // Guessing makes 200.
    expect(done.summary.student.figures.errors).toBeLessThan(150);
  }, 120_000);

  it('gives a published method of its own the service of potstill’s: page, names elsewhere, state in checkpoints', async () => {
    const plugin = ['-p', './dist/prototypes.js'];
    const page = await potstill('list', 'losses', '--markdown', ...plugin);
    expect(page.out).toContain('## Prototypes');
    expect(page.out).toContain(
      '[Doe & Roe 2024: Prototypes as Teachers, section 3, equation 2](https://example.org/prototypes)',
    );
    expect((await potstill('explain', 'protoloss', ...plugin)).out).toContain(
      'ProtoLoss of acme is `acme/prototypes` here.',
    );
    const { code, out } = await potstill('run', 'prototypes.yaml', '--json');
    expect({ code, out: code === 0 ? '' : out }).toEqual({ code: 0, out: '' });
    const { runFolder } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { readonly runFolder: string };
    const kept = await readFile(join(runFolder, 'student/last.safetensors'), 'latin1');
    expect(kept).toContain('losses/acme/prototypes/prototypes');
    const final = await readFile(join(runFolder, 'student.safetensors'), 'latin1');
    expect(final).not.toContain('losses/');
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

describe('the plugin guide', () => {
  it('has a page with a recipe for each kind of component', () => {
    const kinds = ['dataset', 'exporter', 'loss', 'metric', 'optimizer', 'schedule', 'student', 'teacher'];
    expect(runnable.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...kinds, 'transform', 'service']),
    );
  });

  it('shows tests that pass', async () => {
    const { code, out } = await outside.node('--test', '--test-concurrency=2', 'dist/');
    expect({ code, out: code === 0 ? '' : out }).toEqual({ code: 0, out: '' });
    const shown = pages.flatMap(({ files }) => [...files].filter(([file]) => file.endsWith('.test.ts')));
    expect(shown.length).toBeGreaterThanOrEqual(10);
    expect(Number(/^# pass (\d+)$/m.exec(out)?.[1])).toBeGreaterThanOrEqual(shown.length);
  }, 120_000);

  it.each(runnable)(
    'runs the recipe of the page $name',
    async ({ file }) => {
      const { code, out, err } = await potstill('run', file, '--json');
      expect({ err, code, out: code === 0 ? '' : out }).toEqual({ err: '', code: 0, out: '' });
    },
    120_000,
  );

  it('shows an error that points at the option in the recipe', async () => {
    const text = (await readFile(outside.path('spirals.yaml'), 'utf8')).replaceAll('arms: 3', 'arms: 4');
    await outside.write('too-many-arms.yaml', text);
    const { code, err } = await potstill('run', 'too-many-arms.yaml');
    expect(code).toBe(2);
    expect(err).toContain('error[RECIPE_BAD_VALUE]: acme/spirals has 3 arms at most, not 4');
    const line = text.split('\n').findIndex((each) => each.includes('arms: 4')) + 1;
    expect(err).toMatch(new RegExp(`too-many-arms\\.yaml:${line}:`));
  });
});
