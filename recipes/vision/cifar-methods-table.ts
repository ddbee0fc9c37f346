// Compares methods of distillation on CIFAR images over seeds and writes docs/results/cifar.md.
// usage: npm run results:cifar -- [--seeds 1,2,3] [--runs FOLDER] [--threads N] [--set PATH=VALUE ...] (what is finished there is taken up)
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unpackImages, unpackSome } from './cifar-images.js';
import { cifarPage, type Part, type Series } from './cifar-methods-page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    runs: { type: 'string', default: join(root, 'runs', 'cifar') },
    out: { type: 'string', default: join(root, 'docs', 'results', 'cifar.md') },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const shared = process.env.POTSTILL_DATA;
if (shared === undefined) throw new Error('the images are read from the folder that POTSTILL_DATA names');
const seeds = options.seeds.split(',').map(Number);
/** Rates are chosen with a seed of their own, so that no seed of the tables had a part in it. */
const rateSeed = Math.max(...seeds) + 10;
const peaks = [0.05, 0.1, 0.2];

const images = join(options.runs, 'images');
mkdirSync(images, { recursive: true });
const from = join(shared, 'cifar10-jpg');
for (const part of ['train', 'test'] as const) unpackImages(from, part, join(images, part));
unpackSome(from, 100, { labelled: join(images, 'labelled'), unlabelled: join(images, 'unlabelled') });

type Change = Readonly<Record<string, unknown>>;

/** Runs a recipe, or takes up its series where it is there. */
function run(name: string, recipe: string, change: Change): Series {
  const folder = join(options.runs, name);
  const file = join(folder, 'series.json');
  if (!existsSync(file)) {
    const labels = recipe.includes('few-labels');
    const all: Change = {
      'data.train.folder': join(images, labels ? 'labelled' : 'train'),
      'data.test.folder': join(images, 'test'),
      ...(recipe === 'cifar-few-labels' ? { 'data.transfer.folder': join(images, 'unlabelled') } : {}),
      threads: Number(options.threads),
      ...change,
    };
    // JSON is YAML.
    const words = Object.entries(all).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
    const started = Date.now();
    const { status } = spawnSync(
      process.execPath,
      [
        'core/distill/dist/cli/main.js',
        'run',
        `recipes/vision/${recipe}.yaml`,
        ...[...words, ...options.set].flatMap((word) => ['--set', word]),
        ...['--folder', folder, '--runs', options.runs, '--resume'],
      ],
      { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    if (status !== 0) throw new Error(`${name}: exit code ${status}`);
    console.error(`${name}: ${((Date.now() - started) / 60_000).toFixed(1)} min`);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Series;
}

/** The peak of the learning rate that is best on validation data. */
function peakOf(name: string, recipe: string, change: Change): { peak: number; series: Series } {
  const series = run(`rates-${name}`, recipe, {
    ...change,
    seeds: null,
    'train.seed': rateSeed,
    sweep: { grid: { 'train.rate.peak': peaks } },
  });
  const values = series.points[series.best.point]?.values ?? {};
  return { peak: Number(values['train.rate.peak']), series };
}

const softTargets = [
  { use: 'cross-entropy', weight: 0.1 },
  { use: 'soft-targets', weight: 0.9, temperature: 4 },
];

/** The student alone and the methods, each kind with a rate of its own. `losses`: those compared; default: the recipe's. */
function compare(
  name: string,
  recipes: readonly [alone: string, methods: string],
  change: Change,
  losses?: unknown,
): Part {
  const [aloneRecipe, recipe] = recipes;
  const ofAlone = peakOf(`${name}-alone`, aloneRecipe, change);
  const ofMethods = peakOf(name, recipe, { ...change, losses: softTargets });
  const alone = run(`${name}-alone`, aloneRecipe, { ...change, seeds, 'train.rate.peak': ofAlone.peak });
  const methods = run(name, recipe, {
    ...change,
    seeds,
    'train.rate.peak': ofMethods.peak,
    ...(losses === undefined ? {} : { sweep: { grid: { losses } } }),
  });
  return { alone, methods, rates: { alone: ofAlone.series, methods: ofMethods.series } };
}

const all = compare('resnet8', ['cifar-alone', 'cifar-methods'], {});
const best = [...all.methods.points]
  .sort((a, b) => (b.validation ?? 0) - (a.validation ?? 0))
  .slice(0, 2)
  .map(({ values }) => values.losses);
const mobile = compare(
  'mobilenet',
  ['cifar-alone', 'cifar-methods'],
  { student: { use: 'cnn', arch: 'mobilenetv2' } },
  best,
);
const few = compare('few-labels', ['cifar-few-labels-alone', 'cifar-few-labels'], {});

const secondsOf = (series: string, folder: string) =>
  (
    JSON.parse(readFileSync(join(options.runs, series, folder, 'summary.json'), 'utf8')) as {
      seconds: number;
    }
  ).seconds;
const page = cifarPage(
  { all, mobile, few },
  {
    seeds,
    rateSeed,
    peaks,
    machine: `${os.cpus()[0]?.model ?? 'an unknown processor'}, ${options.threads} threads, Node ${process.version}`,
    notes: readFileSync(new URL('cifar-methods-notes.md', import.meta.url), 'utf8'),
    secondsOf,
  },
);
mkdirSync(join(options.out, '..'), { recursive: true });
writeFileSync(options.out, page);
console.log(page);
