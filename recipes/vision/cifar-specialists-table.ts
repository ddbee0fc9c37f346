// Runs Hinton, Vinyals & Dean 2015, section 5, on CIFAR images for several seeds and writes docs/results/specialists.md.
// usage: npm run results:specialists -- [--seeds 1,2,3] [--runs FOLDER] [--threads N] (what is finished there is taken up)
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unpackImages } from './cifar-images.js';
import { specialistsPage, type SeedResult, type Summary } from './cifar-specialists-page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    runs: { type: 'string', default: join(root, 'runs', 'cifar') },
    threads: { type: 'string', default: String(os.availableParallelism()) },
  },
});
const shared = process.env.POTSTILL_DATA;
if (shared === undefined) throw new Error('the images are read from the folder that POTSTILL_DATA names');
const clusterCount = 4;

const images = join(options.runs, 'images');
mkdirSync(images, { recursive: true });
const parts = (['train', 'test'] as const).map((part) => {
  const folder = join(images, part);
  return { part, folder, labels: unpackImages(join(shared, 'cifar10-jpg'), part, folder) };
});
const labels = parts[0]?.labels ?? [];
// In the order of the folders' names, which is that of the class numbers.
const ordered = [...labels].sort();

function potstill(
  command: string,
  recipe: string,
  set: Readonly<Record<string, unknown>>,
  ...more: string[]
) {
  const all = {
    ...Object.fromEntries(parts.map(({ part, folder }) => [`data.${part}.folder`, folder])),
    threads: Number(options.threads),
    ...set,
  };
  // JSON is YAML.
  const words = Object.entries(all).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]);
  const { status } = spawnSync(
    process.execPath,
    ['core/distill/dist/cli/main.js', command, `recipes/vision/${recipe}.yaml`, ...words, ...more],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error(`${recipe}: exit code ${status}`);
}

/** Accuracy of all, and of each class alone. */
const metrics = [
  'accuracy',
  'cross-entropy',
  'calibration',
  ...ordered.map((name, label) => ({ use: 'accuracy', name, where: { label } })),
];

/** A run in a folder of its own; read from there when it is finished. */
function run(seed: number, name: string, recipe: string, set: Readonly<Record<string, unknown>>): Summary {
  const folder = join(options.runs, `seed-${seed}`, name);
  const file = join(folder, 'summary.json');
  if (!existsSync(file)) {
    const started = Date.now();
    potstill(
      'run',
      recipe,
      { 'train.seed': seed, ...set },
      ...['--folder', folder, '--runs', options.runs, ...(existsSync(folder) ? ['--resume'] : [])],
    );
    console.error(`seed ${seed}, ${name}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Summary;
}

function runSeed(seed: number): SeedResult {
  const place = (name: string) => join(options.runs, `seed-${seed}`, name);
  const generalist = run(seed, 'generalist', 'cifar-generalist', { evaluate: metrics });
  const clustersFile = place('clusters.json');
  if (!existsSync(clustersFile))
    potstill(
      'cluster',
      'cifar-generalist',
      { 'train.seed': seed, evaluate: metrics },
      ...['--count', String(clusterCount), '--folder', place('generalist'), '--out', clustersFile],
    );
  const { clusters } = JSON.parse(readFileSync(clustersFile, 'utf8')) as { readonly clusters: string[][] };
  const begin = { checkpoint: place('generalist') };
  const specialists = clusters.map((classes, at) =>
    run(seed, `specialist-${at + 1}`, 'cifar-specialist', {
      'data.classes': { ...Object.fromEntries(classes.map((name) => [name, name])), '*': 'rest' },
      begin: { ...begin, except: ['logits.*'] },
    }),
  );
  const member = (name: string) => ({ use: 'checkpoint', run: place(name) });
  const back = run(seed, 'back', 'cifar-back', {
    evaluate: metrics,
    begin,
    teacher: member('generalist'),
  });
  const specialistsBack = run(seed, 'specialists-back', 'cifar-specialists', {
    evaluate: metrics,
    begin,
    teacher: {
      use: 'specialists',
      generalist: member('generalist'),
      specialists: Object.fromEntries(
        clusters.map((_, at) => [`specialist-${at + 1}`, member(`specialist-${at + 1}`)]),
      ),
    },
  });
  return { seed, clusters, generalist, specialists, back, specialistsBack };
}

const results = options.seeds.split(',').map((seed) => runSeed(Number(seed)));
const page = specialistsPage(results, ordered, {
  machine: `${os.cpus()[0]?.model ?? 'an unknown processor'}, ${options.threads} ${options.threads === '1' ? 'thread' : 'threads'}`,
  notes: readFileSync(new URL('cifar-specialists-notes.md', import.meta.url), 'utf8'),
});
mkdirSync(join(root, 'docs/results'), { recursive: true });
writeFileSync(join(root, 'docs/results/specialists.md'), page);
console.log(page);
