// The built command and other programs, as processes of their own.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = join(root, 'core/distill/bin/potstill.js');
export const tsc = join(root, 'node_modules/typescript/bin/tsc');

/** Builds what has changed: what is tested here is what is published. A build that is current takes a second. */
export function build(): void {
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build fails:\n${stdout}`);
}

export interface Ended {
  /** Null after a signal that the process did not handle. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface How {
  readonly cwd?: string;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed. Default: never. */
  readonly timeout?: number;
  /** Told of each whole line of stdout. */
  readonly onLine?: (line: string, process: ChildProcess) => void;
}

/** Runs a program to its end. */
export function run(
  command: string,
  words: readonly string[],
  { cwd = root, onLine, env = {}, timeout }: How = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeout === undefined ? {} : { timeout, killSignal: 'SIGKILL' }),
    });
    let out = '';
    let err = '';
    let rest = '';
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line, child);
    });
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** The built command. */
export function potstill(words: readonly string[], how?: How): Promise<Ended> {
  return run(process.execPath, [bin, ...words], how);
}
