// Time of whole distillations, from the command to the student's file: npm run bench:end-to-end -- --help
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { machineNow } from '../harness/machine.js';
import { chosen, number, UsageError } from '../harness/options.js';
import { median } from '../harness/statistics.js';
import { head, machineLine, row } from '../harness/table.js';
import { type CaseName, caseNames, prepare, titles } from './cases.js';

const usage = `Wall time from the command to its end, with the student's file written: the same teacher, student, data, losses, batch and epochs
in potstill (with nothing kept from earlier runs, and again with its store and compiled graphs), a plain PyTorch loop, and torchdistill.

usage: npm run bench:end-to-end -- [options]      (build first)

  --cases a,b      default: all of ${caseNames.join(',')}; the CIFAR ones need POTSTILL_DATA
  --peers a,b      default: potstill,torch,torchdistill
  --rounds N       all in turn, so often; default 3
  --epochs N       in place of the case's own
  --python FILE    a Python with torch==2.13.0, torchvision, torchdistill==1.1.5 and pillow; default: POTSTILL_PYTHON, else python3
  --help

Three rounds of all cases take about 35 minutes on two processors. Exit codes: 0; 1 when a peer failed; 2 for a wrong option.`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(os.tmpdir(), 'potstill-end-to-end-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

const peerNames = ['potstill', 'torch', 'torchdistill'] as const;
type Peer = (typeof peerNames)[number];

/** As columns of the table. */
const columns = {
  cold: 'potstill, cold',
  warm: 'potstill, warm',
  torch: 'PyTorch loop',
  torchdistill: 'torchdistill',
} as const;
type Column = keyof typeof columns;

const columnsOf: Readonly<Record<Peer, readonly Column[]>> = {
  potstill: ['cold', 'warm'],
  torch: ['torch'],
  torchdistill: ['torchdistill'],
};

/** Seconds, and the loss of the last epoch: peers that train the same end near one another. */
interface Ended {
  readonly seconds: number;
  readonly loss: number;
}

async function timed(command: string, words: readonly string[], out: string, env = {}): Promise<Ended> {
  const begin = performance.now();
  const child = spawn(command, words, { cwd: root, stdio: 'pipe', env: { ...process.env, ...env } });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  process.off('exit', kill);
  const seconds = (performance.now() - begin) / 1000;
  if (code !== 0 || !existsSync(out))
    throw new Error(
      `${[command, ...words].join(' ')} ended with ${String(code)} and no ${out}:\n${said.slice(-2000)}`,
    );
  const losses = [...said.matchAll(/\bloss ([\d.e-]+)/g)];
  return { seconds, loss: Number(losses.at(-1)?.[1]) };
}

function run(column: Column, folder: string, round: number, python: string): Promise<Ended> {
  const own = join(folder, `round-${round}`);
  if (column === 'torch' || column === 'torchdistill') {
    const out = `${own}-${column}.pt`;
    const script = column === 'torch' ? 'loop.py' : 'with_torchdistill.py';
    return timed(python, ['-W', 'ignore', join(root, 'bench/end-to-end', script), folder, out], out);
  }
  const run = `${own}-${column}`;
  const words = [
    join(root, 'core/distill/dist/cli/main.js'),
    'run',
    join(folder, 'recipe.yaml'),
    '--folder',
    run,
  ];
  // The warm run finds what the cold one of its round has left.
  const kept = ['--runs', `${own}-runs`];
  const out = join(run, 'exports/student.onnx');
  return timed(process.execPath, [...words, ...kept], out, { POTSTILL_CACHE: `${own}-cache` });
}

interface Row {
  readonly name: CaseName;
  readonly ended: ReadonlyMap<Column, readonly Ended[]>;
}

function tableOf(rows: readonly Row[], shown: readonly Column[]): string {
  const cells = rows.map(({ name, ended }) => {
    const seconds = (column: Column): number => median((ended.get(column) ?? []).map((one) => one.seconds));
    const best = Math.min(...(['torch', 'torchdistill'] as const).map(seconds).filter(Number.isFinite));
    const ratio = (column: Column): string => (seconds(column) / best).toFixed(2);
    return row([
      titles[name],
      ...shown.map((column) => {
        const last = ended.get(column)?.at(-1)?.loss ?? NaN;
        return `${seconds(column).toFixed(1)} (${last.toPrecision(3)})`;
      }),
      ...(Number.isFinite(best) ? [ratio('cold'), ratio('warm')] : ['–', '–']),
    ]);
  });
  const heads = ['case', ...shown.map((column) => columns[column]), 'cold / best peer', 'warm / best peer'];
  return [
    "Seconds from the command to its end (median), in brackets the last epoch's mean loss.",
    '',
    ...head(heads, 1),
    ...cells,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      epochs: { type: 'string' },
      python: { type: 'string', default: process.env.POTSTILL_PYTHON ?? 'python3' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const rounds = number('rounds', values.rounds, true);
  const epochs = values.epochs === undefined ? undefined : number('epochs', values.epochs, true);
  const shown = chosen('peers', values.peers, peerNames).flatMap((peer) => columnsOf[peer]);
  await tf.setBackend('cpu');
  const rows: Row[] = [];
  for (const name of chosen('cases', values.cases, caseNames)) {
    const folder = join(scratch, name);
    await prepare(name, folder, epochs);
    const ended = new Map<Column, Ended[]>();
    for (let round = 0; round < rounds; round++)
      for (const column of shown) {
        const one = await run(column, folder, round, values.python);
        console.error(
          `${name}, round ${round + 1}, ${columns[column]}: ${one.seconds.toFixed(1)} s, loss ${one.loss}`,
        );
        ended.set(column, [...(ended.get(column) ?? []), one]);
      }
    rows.push({ name, ended });
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${machineLine(machineNow({}))}\n\n${tableOf(rows, shown)}`);
}

try {
  await main();
} catch (error) {
  const wrong =
    error instanceof UsageError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');
  console.error(error instanceof Error ? error.message : error);
  if (wrong) console.error('npm run bench:end-to-end -- --help shows the options.');
  process.exitCode = wrong ? 2 : 1;
}
