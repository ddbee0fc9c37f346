// Starts of a step of potstill, without and with its graph in the engine's cache: a fresh process for each.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { typescript } from './peers.js';
import { mark } from './protocol.js';
import type { ColdResult } from './results.js';
import { median } from './statistics.js';

type Stages = Pick<ColdResult, 'record' | 'compile' | 'run' | 'total'>;

const script = fileURLToPath(new URL('../peers/cold.ts', import.meta.url));

function once(member: string, threads: number, cache: string): Promise<Stages> {
  const child = spawn(process.execPath, [...typescript, script, member, String(threads), cache], {
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

/** Medians over `rounds` pairs of processes: one finds the engine's cache of graphs empty, the next finds what that one left. */
export async function measureCold(
  member: string,
  threads: number,
  { rounds, scratch }: { readonly rounds: number; readonly scratch: string },
): Promise<ColdResult[]> {
  const found: Record<ColdResult['cache'], Stages[]> = { cold: [], warm: [] };
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(scratch, 'cache-'));
    for (const cache of ['cold', 'warm'] as const) found[cache].push(await once(member, threads, folder));
    rmSync(folder, { recursive: true, force: true });
  }
  return (['cold', 'warm'] as const).map((cache) => {
    const of = (stage: keyof Stages): number =>
      Number(median(found[cache].map((one) => one[stage])).toPrecision(5));
    const [record, compile, run, total] = [of('record'), of('compile'), of('run'), of('total')];
    return { member, threads, unit: 'ms', cache, record, compile, run, total };
  });
}
