// Signals to a run in a process of its own: the first asks it to stop and ends it when it does not, the second ends it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const child = fileURLToPath(new URL('interrupt-child.ts', import.meta.url));
const stopping = 'stopping after this step; interrupt again to stop at once';

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Sends each signal when the child has said the line before it. */
function run(
  kind: string,
  grace: number,
  signals: readonly (readonly [string, NodeJS.Signals])[],
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const words = ['--conditions=potstill-source', '--import', 'tsx', child, kind, String(grace)];
    const started = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    const waiting = [...signals];
    started.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      const [next] = waiting;
      if (next === undefined || !out.split('\n').includes(next[0])) return;
      waiting.shift();
      // Signals close together are taken for one, so that the second comes a little later.
      setTimeout(() => started.kill(next[1]), 600);
    });
    started.on('error', reject);
    started.on('close', (code) => resolve({ code, lines: out.trim().split('\n') }));
  });
}

describe.skipIf(process.platform === 'win32')('interruptSignal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('lets work stop by itself on %s', async (name) => {
    expect(await run('willing', 60_000, [['ready', name]])).toEqual({
      code: 0,
      lines: ['ready', stopping, 'stopped by itself'],
    });
  });

  it('ends work that does not stop, after a while', async () => {
    expect(await run('stuck', 100, [['ready', 'SIGTERM']])).toEqual({
      code: 130,
      lines: ['ready', stopping],
    });
  });

  it('ends work at once on the second signal', async () => {
    const twice = [
      ['ready', 'SIGTERM'],
      [stopping, 'SIGINT'],
    ] as const;
    expect(await run('stuck', 1_000_000, twice)).toEqual({ code: 130, lines: ['ready', stopping] });
  });

  it('ends work that nobody reads any longer', async () => {
    expect((await run('unread', 100, [])).code).toBe(130);
  });
});
