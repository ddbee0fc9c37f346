// Memory of labelling and of training from the store, on data of any size: `npm run bench:store`, `-- --help`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const usage = `npm run bench:store -- [--examples 1000000] [--classes 10] [--encoding float32] [--limit 600]
Labels that many synthetic examples in one process and trains an epoch from the store in another. Prints the time and the peak of
resident memory of each, and ends with 1 where one needs more than --limit (in MB, of 1,000,000 bytes).`;

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '1000000' },
    classes: { type: 'string', default: '10' },
    encoding: { type: 'string', default: 'float32' },
    limit: { type: 'string', default: '600' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit();
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const bin = file('../core/distill/bin/potstill.js');
const reporter = pathToFileURL(file('../test/support/report-memory.mjs')).href;
const folder = mkdtempSync(join(tmpdir(), 'potstill-store-bench-'));

const recipe = `
name: store-bench
plugins: [${JSON.stringify(file('store/plugin.mjs'))}]
data:
  train: { use: synthetic/points, size: ${values.examples}, classes: ${values.classes} }
  test: { use: synthetic/points, size: 1000, from: 5, classes: ${values.classes} }
teacher: { use: synthetic/teacher, classes: ${values.classes}, cache: { encoding: ${values.encoding} } }
student: { use: mlp, hidden: [16] }
losses: [soft-targets]
train: { epochs: 1, batch: 512, rate: 0.003 }
baseline: false
`;

/** Runs the built command; gives its peak of resident memory in MB. */
function measure(command: string): number {
  const memoryFile = join(folder, 'memory');
  const started = performance.now();
  const { status } = spawnSync(
    process.execPath,
    [
      '--import',
      reporter,
      bin,
      command,
      join(folder, 'recipe.yaml'),
      '--runs',
      join(folder, 'runs'),
      '--quiet',
    ],
    { env: { ...process.env, POTSTILL_CASE_MEMORY: memoryFile }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error(`potstill ${command} ended with ${status ?? 'a signal'}`);
  const peak = Number(readFileSync(memoryFile, 'utf8')) / 1e6;
  const seconds = (performance.now() - started) / 1000;
  console.log(`${command.padEnd(6)} ${seconds.toFixed(1).padStart(7)} s  ${peak.toFixed(0).padStart(5)} MB`);
  return peak;
}

try {
  writeFileSync(join(folder, 'recipe.yaml'), recipe);
  console.log(
    `${Number(values.examples).toLocaleString('en')} examples, ${values.classes} classes, ${values.encoding}`,
  );
  const most = Math.max(measure('label'), measure('run'));
  if (most > Number(values.limit)) {
    console.log(`more than ${values.limit} MB`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
