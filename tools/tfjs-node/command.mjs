// Runs other programs for the set-up of tfjs-node, and says what is missing in words a reader can act on.
import { spawnSync } from 'node:child_process';

/** Something the set-up needs and has not got. `help`: what to do about it. */
export class Missing extends Error {
  constructor(what, help) {
    super(what);
    this.help = help;
  }
}

/** Runs a program to its end, its output kept: `{ ok, stdout, output }`, output being both streams. A program that is not there is not ok. */
export function run(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  const output = `${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`.trimEnd();
  return { ok: !error && status === 0, stdout: stdout?.trimEnd() ?? '', output };
}

/** The end of a long output, indented: the reason is there, and what comes before is seldom read. */
export function tail(output, lines = 15) {
  return output
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}
