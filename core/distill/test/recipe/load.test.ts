// Recipes that are right: extends, --set, defaults, and the way back to plain data.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorJson, loadRecipe, PotstillError, recipeHash, resolvedRecipe, type Plan } from 'potstill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { sampleRegistry } from './sample-plugin.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
const load = (file: string, set: string[] = []): Promise<Plan> =>
  loadRecipe(path.join('good', file), { lookup: sampleRegistry, cwd: folder, set });

async function refused(loading: Promise<unknown>): Promise<PotstillError> {
  const reason: unknown = await loading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof PotstillError) return reason;
  throw new Error(`expected a PotstillError, got ${String(reason)}`);
}

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'potstill-recipe-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = path.join(scratch, name);
  await writeFile(file, text);
  return file;
}

const minimal = `name: minimal
data: { train: digits }
student: { use: mlp, hidden: [] }
losses: [cross-entropy]
train: { epochs: 1 }
`;

describe('loadRecipe', () => {
  it('resolves every part of a recipe', async () => {
    const plan = await load('base.yaml');
    expect(plan.name).toBe('base');
    expect(plan.folder).toBe(path.join(folder, 'good'));
    expect(plan.data.train.component.options).toEqual({ split: 'train' });
    expect(plan.data.train.transforms.map(({ options }) => options)).toEqual([{ pixels: 2 }]);
    expect(plan.data.validation?.transforms).toEqual([]);
    expect(plan.data.test).toBeUndefined();
    expect(plan.teacher).toMatchObject({
      kind: 'component',
      component: { options: { file: 'teacher.onnx' } },
    });
    expect(plan.losses.map(({ name }) => name)).toEqual(['cross-entropy', 'soft']);
    expect(plan.losses[1]?.weight).toMatchObject({ options: { from: 1, to: 0.5 }, path: 'losses.1.weight' });
    expect(plan.train).toMatchObject({ batch: 128, seed: 7, clip: { globalNorm: 5 }, select: 'primary' });
    expect(plan.train.rate).toMatchObject({ options: { peak: 0.05 }, plugin: { name: '@acme/sample' } });
    // Those of the task, which the data name once they are open.
    expect(plan.metrics).toBeUndefined();
    expect(plan.task).toBeUndefined();
    expect(plan.baseline).toMatchObject({ set: {}, search: false, train: plan.train });
  });

  it('fills in the defaults of a recipe without a teacher', async () => {
    const plan = await loadRecipe(await write('minimal.yaml', minimal), { lookup: sampleRegistry });
    expect(plan).toMatchObject({
      teacher: undefined,
      baseline: undefined,
      backend: 'onnx',
      threads: availableParallelism(),
      preflight: { sample: 512, enabled: true },
      plugins: [],
      student: { options: { hidden: [], dropout: 0 } },
      losses: [{ name: 'cross-entropy', weight: 1 }],
      train: { epochs: 1, batch: 128, rate: 0.001, seed: 1, select: 'last' },
    });
    expect(plan.train.optimizer.definition.name).toBe('adam');
    expect(plan.exporters.map(({ definition }) => definition.name)).toEqual(['onnx']);
  });

  it('reads a recipe written as JSON', async () => {
    const text =
      '{"name":"json","data":{"train":"digits"},"student":"cnn","losses":["cross-entropy"],"train":{"epochs":2}}';
    const plan = await loadRecipe(await write('recipe.json', text), { lookup: sampleRegistry });
    expect(plan).toMatchObject({ name: 'json', train: { epochs: 2 } });
  });

  it('says that a recipe is not there', async () => {
    const error = await refused(load('none.yaml'));
    expect(error.message).toBe('RECIPE_NOT_FOUND: cannot read the recipe good/none.yaml: it does not exist');
  });

  it('refuses a key that would change the prototype', async () => {
    const file = await write('proto.yaml', `${minimal}__proto__: { polluted: true }\n`);
    const error = await refused(loadRecipe(file, { lookup: sampleRegistry }));
    expect(error.message).toContain('`__proto__` cannot be a key');
  });

  it('asks for the lookup with the plugins that the recipe names, and places what that finds wrong', async () => {
    const file = await write('plugins.yaml', `${minimal}plugins: ['@acme/sample', ./own.js]\nevalute: []\n`);
    const error = await refused(
      loadRecipe(file, {
        cwd: scratch,
        lookup: (plugins) => {
          expect(plugins).toEqual([
            { name: '@acme/sample', folder: scratch, path: 'plugins.0' },
            { name: './own.js', folder: scratch, path: 'plugins.1' },
          ]);
          throw new PotstillError({ code: 'PLUGIN_NOT_FOUND', message: 'gone', path: 'plugins.1' });
        },
      }),
    );
    expect(error.records.map(({ code, location }) => [code, location?.line, location?.column])).toEqual([
      ['PLUGIN_NOT_FOUND', 6, 27],
      ['RECIPE_UNKNOWN_KEY', 7, 1],
    ]);
  });
});

describe('extends', () => {
  it('merges maps, replaces lists, and takes away what is set to null', async () => {
    const plan = await load('small.yaml');
    expect(plan.name).toBe('small');
    expect(plan.student.options).toEqual({ hidden: [30, 30], dropout: 0.5 });
    expect(plan.losses.map(({ name }) => name)).toEqual(['cross-entropy', 'soft-targets', 'soft-targets-2']);
    expect(plan.train).toMatchObject({ epochs: 10, clip: undefined, seed: 7 });
    expect(plan.train.optimizer.definition.name).toBe('adam');
    expect(plan.teacher?.kind).toBe('component');
  });

  it('goes through several files, each from its own folder; another component replaces the whole of one', async () => {
    const plan = await load('deeper/smallest.yaml');
    expect(plan.trace.files.map((file) => path.relative(folder, file))).toEqual([
      path.join('good', 'deeper', 'smallest.yaml'),
      path.join('good', 'small.yaml'),
      path.join('good', 'base.yaml'),
    ]);
    expect(plan.student).toMatchObject({ definition: { name: 'cnn' }, options: { blocks: 2 } });
    expect(plan.train).toMatchObject({ epochs: 3, seed: 7 });
    expect(plan.teacher).toEqual({
      kind: 'recipe',
      file: path.join(folder, 'good', 'base.yaml'),
      written: '../base.yaml',
      set: ['train.epochs=2', 'name="other"'],
      live: false,
      cache: { keep: 'auto', encoding: undefined },
    });
  });

  it('keeps where each value came from', async () => {
    const { trace } = await load('deeper/smallest.yaml');
    expect(trace.locate('train.epochs')).toEqual({
      file: 'good/deeper/smallest.yaml',
      line: 5,
      column: 18,
      length: 1,
    });
    expect(trace.locate('losses.2.temperature').file).toBe('good/small.yaml');
    expect(trace.locate('train.seed', 'key')).toMatchObject({ file: 'good/base.yaml', length: 4 });
    expect(trace.place({ code: 'PLUGIN_FAILED', message: 'x', path: 'data.train' }).frame).toContain('^^^^^');
  });
});

describe('--set', () => {
  it('changes values, list entries, bare names and whole maps, in order', async () => {
    const plan = await load('small.yaml', [
      'train.epochs=3',
      'train.epochs=4',
      'losses.0.weight=0.25',
      'losses.1.temperature=8',
      'student.hidden=[7]',
      'train.clip.norm=1',
      'teacher.file="other=file.onnx"',
      'data.validation=null',
      'name=changed',
    ]);
    expect(plan.name).toBe('changed');
    expect(plan.train).toMatchObject({ epochs: 4, clip: { norm: 1 }, select: 'last' });
    expect(plan.losses[0]?.weight).toBe(0.25);
    expect(plan.losses[1]?.component.options).toMatchObject({ temperature: 8 });
    expect(plan.student.options).toEqual({ hidden: [7], dropout: 0.5 });
    expect(plan.teacher).toMatchObject({ component: { options: { file: 'other=file.onnx' } } });
    expect(plan.data.validation).toBeUndefined();
  });

  it.each([
    ['train.epochs', '`train.epochs` does not have the form path=value'],
    ['=5', '`=5` does not have the form path=value'],
    ['train..epochs=5', 'a part of the path is empty or not allowed'],
    ['losses.3.weight=1', '`losses` is a list without entry `3`: indexes are 0 to 2'],
    ['losses.first.weight=1', '`losses` is a list without entry `first`: indexes are 0 to 2'],
    ['name.first=x', '`name` is "small" and has no key `first`'],
    ['train.epochs=[1', 'not valid YAML'],
    ['train.epochs=!env X', 'the tag `!env` is not allowed'],
    ['train.epocs=5', 'unknown key `epocs` in `train`'],
    ['train.epochs=many', '`train.epochs` must be a whole number of at least 1, but is the text `many`'],
    ['losses.1.temprature=2', 'unknown option `temprature` for loss `soft-targets`'],
    ['student.use=mpl', 'unknown student `mpl`'],
  ])('refuses %s', async (text, message) => {
    const [record, ...others] = (await refused(load('small.yaml', [text]))).records;
    expect(others).toEqual([]);
    expect(record.code).toBe('RECIPE_BAD_OVERRIDE');
    expect(record.message).toContain(message);
    expect(record.location).toMatchObject({ file: 'command line', line: 1 });
    expect(record.frame).toContain(`| --set ${text}`);
  });

  it('shows errors of the command line after those of the file', async () => {
    const error = await refused(
      loadRecipe('wrong/unknown-key.yaml', { lookup: sampleRegistry, cwd: folder, set: ['train.epocs=5'] }),
    );
    expect(error.records.map(({ location }) => location?.file)).toEqual([
      'wrong/unknown-key.yaml',
      'command line',
    ]);
  });
});

describe('errorJson', () => {
  it('gives the records of a wrong recipe as plain data', async () => {
    const error = await refused(
      loadRecipe('wrong/unknown-option.yaml', { lookup: sampleRegistry, cwd: folder }),
    );
    const json: unknown = JSON.parse(JSON.stringify(errorJson(error)));
    expect(json).toEqual({
      event: 'error',
      exitCode: 2,
      errors: [
        {
          code: 'RECIPE_UNKNOWN_OPTION',
          message: 'unknown option `temprature` for loss `soft-targets`',
          hint: 'did you mean `temperature`?',
          allowed: ['temperature', 'student', 'teacher', 'weight', 'name', 'optimizer', 'rate'],
          from: '@acme/sample 0.3.0',
          path: 'losses.0.temprature',
          location: { file: 'wrong/unknown-option.yaml', line: 7, column: 5, length: 10 },
          frame: '    6 |   - use: soft-targets\n    7 |     temprature: 4\n      |     ^^^^^^^^^^',
          exitCode: 2,
        },
      ],
    });
  });
});

describe('resolvedRecipe', () => {
  it.each(['base.yaml', 'small.yaml', 'deeper/smallest.yaml'])(
    'of %s gives the same plan when it is read again',
    async (file) => {
      const plan = await load(file);
      const resolved = resolvedRecipe(plan);
      const copy = path.join(path.dirname(plan.file), `.resolved-${plan.name}.yaml`);
      try {
        await writeFile(copy, stringify(resolved));
        const again = await loadRecipe(copy, { lookup: sampleRegistry });
        expect(resolvedRecipe(again)).toEqual(resolved);
        expect(recipeHash(again)).toBe(recipeHash(plan));
      } finally {
        await rm(copy, { force: true });
      }
    },
  );
});

describe('recipeHash', () => {
  it('changes with what decides the result and with nothing else', async () => {
    const hash = async (...set: string[]) => recipeHash(await load('small.yaml', set));
    const first = await hash();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash('threads=1', 'preflight.enabled=false', 'description=Other words')).toBe(first);
    expect(await hash('student.dropout=0.5')).toBe(first);
    expect(await hash('student.dropout=0.4')).not.toBe(first);
    expect(await hash('train.seed=8')).not.toBe(first);
  });
});
