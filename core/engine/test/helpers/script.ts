// Runs a script in a Node process of its own, on the packages' sources.
import { spawnSync } from 'node:child_process';

export function runScript(code: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(
    process.execPath,
    ['--conditions=potstill-source', '--import', 'tsx', '--input-type=module', '-e', code],
    { cwd: new URL('../..', import.meta.url), encoding: 'utf8' },
  );
}
