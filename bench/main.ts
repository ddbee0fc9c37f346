// Speed of distillation steps, potstill beside PyTorch and the JavaScript libraries: npm run bench -- --help
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { stopAll } from './harness/child.js';
import { measureCold } from './harness/cold.js';
import { machineNow } from './harness/machine.js';
import { type Measured, measure, settled } from './harness/measure.js';
import { help, type Options, optionsOf, UsageError } from './harness/options.js';
import type { PeerName } from './harness/peers.js';
import { writePlot } from './harness/plot.js';
import { type ColdResult, type Result, resultOf, writeReport } from './harness/results.js';
import { coldTable, machineLine, resultsTable } from './harness/table.js';
import { dump } from './members/dump.js';
import { members } from './members/index.js';
import type { Member } from './members/member.js';

/** Batches that a peer goes round: more than one, so that inputs are not always in the caches. */
const batches = 4;

/** Of a member's rate: so little that the weights hardly move. A network that has converged on its few batches is full of denormals. */
const shareOfRate = 0.01;

const titles = new Map(members.map(({ name, title }) => [name, title]));

/** Everything written meanwhile stands here, and goes at the end. */
const scratch = mkdtempSync(join(os.tmpdir(), 'potstill-bench-'));

process.on('exit', () => {
  void stopAll();
  rmSync(scratch, { recursive: true, force: true });
});
const signals = { SIGINT: 130, SIGTERM: 143 } as const;
for (const [signal, code] of Object.entries(signals))
  process.once(signal, () => {
    void stopAll().then(() => process.exit(code));
  });

const find = (name: string): Member => members.find((one) => one.name === name) as Member;

async function compare(options: Options): Promise<number> {
  const results: Result[] = [];
  let versions: Readonly<Record<string, string>> = {};
  let faults = 0;
  for (const name of options.members) {
    const found = find(name);
    const { rate } = found.make('full');
    const folder = join(scratch, name);
    dump(found, 'full', folder, batches);
    let known = new Map<PeerName, Measured>();
    for (const threads of options.threads) {
      const measured = await measure({
        ...options,
        names: options.peers,
        member: name,
        threads,
        rate: rate * shareOfRate,
        batches,
        dump: folder,
        known,
        tell: (line) => {
          console.error(`${name}, ${threads} threads: ${line}`);
        },
      });
      for (const one of measured.values()) versions = { ...versions, ...one.versions };
      known = settled(measured);
      faults += tellFaults(name, measured);
      results.push(resultOf(name, threads, measured));
    }
    if (options.json) writeReport(options.json, { machine: machineNow(versions), results });
    if (options.plot) await writePlot(options.plot, options.peers, results);
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${machineLine(machineNow(versions))}\n\n${resultsTable(options.peers, results)}`);
  return faults > 0 ? 1 : 0;
}

function tellFaults(member: string, measured: ReadonlyMap<PeerName, Measured>): number {
  const faults = [...measured].filter(([, { fault }]) => fault);
  for (const [name, { note }] of faults) console.error(`\n!!! ${member}, ${name}: ${note}\n`);
  return faults.length;
}

async function start(options: Options): Promise<number> {
  const cold: ColdResult[] = [];
  for (const name of options.members) {
    for (const threads of options.threads) {
      console.error(`${name}, ${threads} threads: cold start`);
      cold.push(...(await measureCold(name, threads, { ...options, scratch })));
    }
    if (options.json) writeReport(options.json, { machine: machineNow({}), results: [], cold });
  }
  console.log(`${machineLine(machineNow({}))}\n\n${coldTable(cold)}`);
  return 0;
}

try {
  const options = optionsOf(process.argv.slice(2), [...titles.keys()]);
  if (!options) console.log(help(titles));
  else process.exitCode = await (options.cold ? start(options) : compare(options));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nnpm run bench -- --help shows the options.`);
  process.exitCode = 2;
}
