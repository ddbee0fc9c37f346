// What each loss of potstill costs, beside torchdistill's for the same inputs: npm run bench:methods -- [--python FILE] [--threads 2] [--rounds 5] [--write]
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { lossComponents, type AnyComponent } from 'potstill';
import { describeMachine } from 'potstill';
import type { MethodCost } from '../core/distill/src/container/methods-page.js';
import { ours } from './methods/potstill.js';
import { TorchLosses } from './methods/torch.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  console.log(`What each loss costs: value and gradient for outputs of the shapes that ResNet-20 and ResNet-56 give on 128 images of
32 x 32 (hidden states and attention: 32 sequences of 64), less what a mean over the same outputs costs.

  --python FILE   a Python with torch and torchdistill 1.1.5: its losses are measured in turn with ours
  --threads N     of both (default 2)
  --rounds N      of each loss; the median counts (default 5)
  --only NAME     these losses alone; may be repeated
  --write         write docs/results/method-costs.json, which docs/methods.md shows`);
  process.exit(0);
}

const threads = Number(values.threads);
const rounds = Number(values.rounds);
/** Milliseconds between turns. */
const pause = 250;
const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

const wanted = lossComponents.filter(({ name }) => !values.only || values.only.includes(name));
const torch = values.python === undefined ? undefined : await TorchLosses.start(values.python, threads);
const costs: Record<string, MethodCost> = {};
try {
  for (const component of wanted) {
    const cost = await measure(component).catch((error: unknown) => {
      console.error(`${component.name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
      return undefined;
    });
    if (!cost) continue;
    costs[component.name] = cost;
    const peer = cost.torchdistill;
    const beside =
      peer === undefined ? '' : `   torchdistill ${peer.toFixed(3)}   ${(cost.potstill / peer).toFixed(2)}x`;
    console.log(`${component.name.padEnd(36)} ${cost.potstill.toFixed(3)} ms${beside}`);
  }
} finally {
  torch?.stop();
}
const both = Object.values(costs).flatMap(({ potstill, torchdistill }) =>
  torchdistill === undefined ? [] : [potstill / torchdistill],
);
if (both.length > 0) {
  const mean = Math.exp(both.reduce((sum, ratio) => sum + Math.log(ratio), 0) / both.length);
  console.log(`\ngeometric mean over ${both.length} losses: ${mean.toFixed(2)}x of torchdistill`);
}
const { cpu } = describeMachine();
const versions = torch
  ? `, torchdistill ${torch.versions.torchdistill}, PyTorch ${torch.versions.torch}`
  : '';
const measured = `Batches of 128 images of 32 x 32, ${threads} threads, ${cpu}, Node ${process.version}${versions}; medians of ${rounds} rounds in turn.`;
console.log(measured);
if (values.write) {
  const file = new URL('../docs/results/method-costs.json', import.meta.url);
  // Those that were not measured now keep their figures.
  const before = values.only
    ? (JSON.parse(await readFile(file, 'utf8')) as { costs: typeof costs }).costs
    : {};
  await writeFile(file, `${JSON.stringify({ measured, costs: { ...before, ...costs } }, null, 2)}\n`);
}

/** Milliseconds of both, in turn; a cost below what can be told from noise is 0.001. */
async function measure(component: AnyComponent): Promise<MethodCost> {
  const loss = await ours(component, threads);
  const peer = await torch?.open(component.name, loss.needs);
  try {
    const [mine, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      mine.push(await loss.time());
      // Threads of a runtime go on turning for a while when there is nothing to do.
      await sleep(pause);
      if (peer) theirs.push(await peer.time());
      if (peer) await sleep(pause);
    }
    const least = (numbers: readonly number[]) => Math.max(0.001, median(numbers));
    return { potstill: least(mine), ...(peer ? { torchdistill: least(theirs) } : {}) };
  } finally {
    await loss.dispose();
  }
}
