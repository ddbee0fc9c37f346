// What each pass of the engine gains: steps with all passes beside steps with all but one. npm run bench:passes -- --help
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type PassName, passes } from '../core/engine/src/passes/index.js';
import { machineNow } from './harness/machine.js';
import { chosen, number, UsageError } from './harness/options.js';
import { compareWithout, type Gain } from './harness/leave-out.js';
import { passesPage } from './harness/passes-page.js';
import { members } from './members/index.js';

/** The passes that blocked convolutions are made of. */
const ofBlocks: ReadonlySet<string> = new Set<PassName>([
  'block-convolutions',
  'keep-blocked',
  'fuse-blocked-bias',
  'write-blocked',
]);

const usage = `Time of a step without one pass of the engine, as a multiple of the time with all passes: for each member, each pass in turn;
for members with blocked convolutions also with plain ones.

usage: npm run bench:passes -- [options]

  --members a,b    default: all of ${members.map(({ name }) => name).join(',')}
  --passes a,b     default: all of ${Object.keys(passes).join(',')}
  --threads N      default 1; one thread is measured in processor time, more in wall time
  --rounds N       pairs of blocks of steps, with and without the pass in turn; default 5
  --seconds S      length of a block; default 0.5
  --write FILE.md  writes the table there as a page, again after each member
  --help

Exit codes: 0; 2 for a wrong option.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      members: { type: 'string' },
      passes: { type: 'string' },
      threads: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '0.5' },
      write: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const names = chosen(
    'members',
    values.members,
    members.map(({ name }) => name),
  );
  const left = chosen('passes', values.passes, Object.keys(passes) as PassName[]);
  const settings = {
    threads: number('threads', values.threads, true),
    rounds: number('rounds', values.rounds, true),
    seconds: number('seconds', values.seconds, false),
  };
  const gains: Gain[] = [];
  const cache = mkdtempSync(join(os.tmpdir(), 'potstill-passes-'));
  process.once('exit', () => rmSync(cache, { recursive: true, force: true }));
  const measure = async (name: string, some: readonly PassName[], plain: boolean): Promise<Gain[]> => {
    const found: Gain[] = [];
    for await (const gain of compareWithout(name, some, { ...settings, cache, plain })) {
      const what = gain.ratio?.toFixed(3) ?? 'the same graph';
      console.error(`${name}${plain ? ', plain convolutions' : ''}, without ${gain.pass}: ${what}`);
      found.push(gain);
    }
    return found;
  };
  const page = (): string => passesPage(gains, { ...settings, machine: machineNow({}) });
  for (const name of names) {
    const found = await measure(name, left, false);
    gains.push(...found);
    const hasBlocks = found.some(({ pass, ratio }) => pass === 'block-convolutions' && ratio !== null);
    const others = left.filter((pass) => !ofBlocks.has(pass));
    if (hasBlocks) gains.push(...(await measure(name, others, true)));
    if (values.write !== undefined) writeFileSync(values.write, page());
  }
  if (values.write === undefined) console.log(page());
}

try {
  await main();
} catch (error) {
  const wrong =
    error instanceof UsageError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');
  if (!wrong) throw error;
  console.error(`${(error as Error).message}\nnpm run bench:passes -- --help shows the options.`);
  process.exitCode = 2;
}
