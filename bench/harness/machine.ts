// The machine and the versions that a figure belongs to.
import { readFileSync } from 'node:fs';
import os from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Of the instruction sets that decide about speed, those that the processor has; null where the system does not say. */
  readonly flags: readonly string[] | null;
  readonly memoryGb: number;
  readonly os: string;
  /** By name, of Node and of the libraries that took part. */
  readonly versions: Readonly<Record<string, string>>;
}

const telling = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16', 'asimd', 'sve'];

function flags(): string[] | null {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    const has = new Set(line?.[1]?.trim().split(' '));
    return telling.filter((flag) => has.has(flag));
  } catch {
    return null;
  }
}

/** `versions`: of libraries, as peers told them. */
export function machineNow(versions: Readonly<Record<string, string>>): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: os.availableParallelism(),
    flags: flags(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    versions: { node: process.versions.node, ...versions },
  };
}
