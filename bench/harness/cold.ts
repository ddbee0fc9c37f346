// Cold starts of potstill: a fresh process for each, medians of the rounds.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { typescript } from './peers.js';
import { mark } from './protocol.js';
import type { ColdResult } from './results.js';
import { median } from './statistics.js';

type Stages = Pick<ColdResult, 'record' | 'compile' | 'run' | 'total'>;

const script = fileURLToPath(new URL('../peers/cold.ts', import.meta.url));

function once(member: string, threads: number): Promise<Stages> {
  const child = spawn(process.execPath, [...typescript, script, member, String(threads)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  let [said, failed] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (failed += text.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      process.off('exit', kill);
      const line = said.split('\n').find((one) => one.startsWith(mark));
      if (line === undefined) reject(new Error(`a cold start of ${member} failed: ${failed}`));
      else resolve(JSON.parse(line.slice(mark.length)) as Stages);
    });
  });
}

/** Medians over `rounds` processes. */
export async function measureCold(
  member: string,
  threads: number,
  { rounds }: { readonly rounds: number },
): Promise<ColdResult[]> {
  const found: Stages[] = [];
  for (let round = 0; round < rounds; round++) found.push(await once(member, threads));
  const of = (stage: keyof Stages): number => Number(median(found.map((one) => one[stage])).toPrecision(5));
  const [record, compile, run, total] = [of('record'), of('compile'), of('run'), of('total')];
  return [{ member, threads, unit: 'ms', cache: 'cold', record, compile, run, total }];
}
