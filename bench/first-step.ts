// Time from starting `potstill run` to the end of its first training step: modules, recipe, data, checks, recording and compiling.
// usage: npm run bench:first-step -- [--rounds 5] (build first)
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });

/** Milliseconds to the first step of the 784-800-800-10 student on MNIST, after which the run is killed. */
async function firstStep(): Promise<number> {
  const runs = mkdtempSync(join(os.tmpdir(), 'potstill-first-step-'));
  const words = ['core/distill/dist/cli/main.js', 'run', 'recipes/vision/mnist-hinton-large.yaml', '--json'];
  const set = ['--set', 'student.hidden=[800,800]', '--set', 'train.batch=128', '--runs', runs];
  const begin = performance.now();
  const child = spawn(process.execPath, [...words, ...set], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if ((JSON.parse(line) as { readonly event: string }).event === 'progress')
        return performance.now() - begin;
    }
    throw new Error('the run ended before its first step: is it built (npm run build)?');
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(runs, { recursive: true, force: true });
  }
}

const times: number[] = [];
for (let round = 0; round < Number(options.rounds); round++) times.push(await firstStep());
times.sort((a, b) => a - b);
const [low, mid, high] = [0, Math.floor(times.length / 2), times.length - 1].map((i) => times[i]?.toFixed(0));
console.log(
  `first step after ${mid} ms (${low}-${high}), ${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.availableParallelism()} threads`,
);
