// Runs all of Hinton, Vinyals & Dean 2015, section 3, for several seeds and writes docs/results/mnist.md.
// usage: npm run results:mnist -- [--seeds 1,2,3] [--runs FOLDER] (what is finished there is taken up, not run again)
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    runs: { type: 'string', default: join(root, 'runs', 'hinton') },
  },
});
const seeds = options.seeds.split(',').map(Number);

interface Model {
  readonly figures: Readonly<Record<string, number>>;
}

interface Summary {
  readonly teacher: Model | null;
  readonly baseline: Model | null;
  readonly student: Model;
  readonly seconds: number;
  readonly adjustments: readonly {
    readonly data: { readonly offset: number };
    readonly before: Readonly<Record<string, number>>;
  }[];
  readonly versions: Readonly<Record<string, string>>;
}

/** One run of a recipe with a seed for it and its teacher; read from its folder when it is finished. */
function run(recipe: string, seed: number, set: readonly string[] = [], label = ''): Summary {
  const folder = join(options.runs, `${recipe}${label}-seed-${seed}`);
  const summary = join(folder, 'summary.json');
  if (!existsSync(summary)) {
    const teacher = recipe === 'mnist-hinton-large' ? [] : ['--set', `teacher.set={train.seed: ${seed}}`];
    const words = [
      'core/distill/dist/cli/main.js',
      'run',
      `recipes/vision/${recipe}.yaml`,
      '--runs',
      options.runs,
    ];
    const more = [
      '--folder',
      folder,
      '--set',
      `train.seed=${seed}`,
      ...teacher,
      ...set.flatMap((each) => ['--set', each]),
    ];
    const resume = existsSync(folder) ? ['--resume'] : [];
    const { status } = spawnSync(process.execPath, [...words, ...more, ...resume], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`${recipe}, seed ${seed}: exit code ${status}`);
  }
  return JSON.parse(readFileSync(summary, 'utf8')) as Summary;
}

/** The student alone is the same at every temperature: it is trained beside the first. */
const temperatureRun = (recipe: string, seed: number, temperature: number, baseline: boolean): Summary =>
  run(recipe, seed, [`losses.0.temperature=${temperature}`, `baseline=${baseline}`], `-T${temperature}`);

const spread = (list: readonly number[], digits = 0): string => {
  const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
  return `${mean.toFixed(digits)} (${list.map((x) => x.toFixed(digits)).join(', ')})`;
};

const rows: string[] = [];
const row = (what: string, paper: string, list: readonly number[]) =>
  rows.push(`| ${what} | ${paper} | ${spread(list)} |`);

const main = seeds.map((seed) => run('mnist-hinton', seed));
const errors = (list: readonly Summary[], which: 'teacher' | 'baseline' | 'student') =>
  list.map((each) => each[which]?.figures.errors ?? NaN);
const large = errors(main, 'teacher');
const small = errors(main, 'baseline');
const distilled = errors(main, 'student');
row('large net 1200-1200, dropout, max-norm, jitter', '67', large);
row('small net 800-800 alone', '146', small);
row('small net on soft targets, T = 20', '74', distilled);
const closed = seeds.map(
  (_, i) => ((small[i] as number) - (distilled[i] as number)) / ((small[i] as number) - (large[i] as number)),
);

const without3 = seeds.map((seed) => run('mnist-hinton-without-3', seed));
row(
  'the same, no 3 in the transfer set',
  '206',
  without3.map((each) => each.adjustments[0]?.before.errors ?? NaN),
);
row('… with the bias of 3 raised', '109', errors(without3, 'student'));
const only78 = seeds.map((seed) => run('mnist-hinton-only-7-8', seed));
row(
  'the same, only 7s and 8s in the transfer set',
  '4,730',
  only78.map((each) => each.adjustments[0]?.before.errors ?? NaN),
);
row('… with the biases of 7 and 8 lowered', '1,320', errors(only78, 'student'));

for (const temperature of [1, 2.5, 4, 8, 20]) {
  const runs = seeds.map((seed) => temperatureRun('mnist-hinton-30', seed, temperature, temperature === 1));
  if (temperature === 1) row('30-30 alone', '', errors(runs, 'baseline'));
  row(
    `30-30 on soft targets, T = ${temperature}`,
    temperature === 2.5 || temperature === 4 ? 'clearly best' : '',
    errors(runs, 'student'),
  );
}
for (const temperature of [8, 20]) {
  const runs = seeds.map((seed) => temperatureRun('mnist-hinton-300', seed, temperature, temperature === 8));
  if (temperature === 8) row('300-300 alone', '', errors(runs, 'baseline'));
  row(`300-300 on soft targets, T = ${temperature}`, 'alike above 8', errors(runs, 'student'));
}

const offsets = (list: readonly Summary[]) =>
  list.map((each) => (each.adjustments[0]?.data.offset ?? NaN).toFixed(2)).join(', ');
const page = `# MNIST: Hinton, Vinyals & Dean 2015, section 3

Made by \`npm run results:mnist\` (recipes in \`recipes/vision/mnist-hinton*.yaml\`, seeds ${seeds.join(', ')}), on ${os.cpus()[0]?.model ?? 'an unknown processor'}, ${os.availableParallelism()} threads.
Test errors of 10,000: the mean, and each seed's in brackets.

| net | paper | ours |
|---|---|---|
${rows.join('\n')}

Share of the gap between small and large net that the distilled small net closes, seed by seed: ${closed.map((share) => `${(100 * share).toFixed(0)} %`).join(', ')}
(paper: 91 %).

Offsets of the bias, chosen on 10,000 held-out training images: class 3 ${offsets(without3)} (paper: 3.5); classes 7 and 8 ${offsets(only78)} (paper: -7.6).

${readFileSync(new URL('mnist-hinton-notes.md', import.meta.url), 'utf8')}`;
mkdirSync(join(root, 'docs/results'), { recursive: true });
writeFileSync(join(root, 'docs/results/mnist.md'), page);
console.log(page);
