// Which processors peers are pinned to, and how much processor time a process has used.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** `0-3,8` to [0, 1, 2, 3, 8]. */
function readList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

const siblings = (cpu: number): string => {
  try {
    return readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8').trim();
  } catch {
    return String(cpu);
  }
};

/**
 * The processors for `threads` threads: those that this process may use, one of each core before a core's second. Undefined where there
 * is no taskset, or are not so many processors.
 */
export function cpusFor(threads: number): number[] | undefined {
  const asked = spawnSync('taskset', ['-pc', String(process.pid)], { encoding: 'utf8' });
  if (asked.status !== 0) return undefined;
  const allowed = readList(asked.stdout.slice(asked.stdout.lastIndexOf(':') + 1));
  const cores = new Set<string>();
  const [firsts, others]: [number[], number[]] = [[], []];
  for (const cpu of allowed) {
    const core = siblings(cpu);
    (cores.has(core) ? others : firsts).push(cpu);
    cores.add(core);
  }
  const chosen = [...firsts, ...others].slice(0, threads);
  return chosen.length === threads ? chosen : undefined;
}

/** Milliseconds of processor time of a process so far; undefined where the system does not say. */
export function cpuTime(pid: number | undefined): number | undefined {
  if (os.platform() !== 'linux' || pid === undefined) return undefined;
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in brackets: fields 14 and 15 of the whole are user and system time, in hundredths of a second.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}
