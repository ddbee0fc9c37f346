// Makes a checkout ready to run: installs what is missing (scripts off, see .npmrc) and builds. Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.potstill-setup');

/** Runs a command in the checkout, its output on stderr so that stdout stays the main job's; ends this process when it fails. */
function must(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Runs one of this checkout's own command-line tools, by its file below node_modules, and gives its exit code. */
export function runNode(args, environment = {}) {
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (result.error) throw result.error;
  return result.status ?? 130;
}

/** Installs when node_modules is missing, unfinished or made from another lock file; then builds what has changed. */
export function setup({ build = true } = {}) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
  if (!installed) {
    console.error('Installing packages (about a minute) …');
    must('npm', ['ci', '--no-audit', '--no-fund']);
    writeFileSync(stamp, lock);
  }
  if (build) must(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
}
