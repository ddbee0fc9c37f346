// `npm run setup:tfjs-node`: what it says when something is missing. The programs it calls are put in by hand; nothing is downloaded.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../tools/setup-tfjs-node.mjs', import.meta.url));

/** Answers everything asked of it, except what `refuse` matches. */
const program = (refuse = '-', answer = '') =>
  `#!/bin/sh\ncase "$*" in ${refuse}) echo '${answer}' >&2; exit 1;; esac\nexit 0\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'potstill-setup-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the set-up where nothing but `programs` can be called and the installer's host refuses the connection. */
function setUp(programs: Record<string, string>, environment: NodeJS.ProcessEnv = {}) {
  const bin = path.join(folder, 'bin');
  const cache = path.join(folder, 'cache');
  mkdirSync(bin);
  mkdirSync(cache);
  for (const [name, text] of Object.entries(programs))
    writeFileSync(path.join(bin, name), text, { mode: 0o755 });
  const { status, stderr } = spawnSync(process.execPath, [script, '--again'], {
    encoding: 'utf8',
    env: {
      PATH: bin,
      HOME: folder,
      XDG_CACHE_HOME: cache,
      TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/',
      npm_config_node_gyp: script,
      ...environment,
    },
  });
  const left = readdirSync(cache, { recursive: true }).map(String);
  return { status, stderr, left };
}

const all = { python3: program(), 'g++': program(), make: program() };

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('npm run setup:tfjs-node', () => {
  it('says that its own installer has no network, and goes on', () => {
    const { stderr } = setUp({});
    expect(stderr).toContain('Asking 127.0.0.1:9 for libtensorflow');
    expect(stderr).toContain('It does not answer.');
  });

  it('asks for Python', () => {
    const { status, stderr } = setUp({});
    expect(status).toBe(1);
    expect(stderr).toContain('setup:tfjs-node: Python is not installed\nInstall Python 3');
  });

  it('asks for pip', () => {
    const { status, stderr } = setUp({ ...all, python3: program('"-m pip --version"') });
    expect(status).toBe(1);
    expect(stderr).toContain('Python has no pip');
    expect(stderr).toContain('apt install python3-pip');
  });

  it.each(['g++', 'make'])('asks for %s before it downloads anything', (name) => {
    const { status, stderr } = setUp({ ...all, [name]: program('*') });
    expect(status).toBe(1);
    expect(stderr).toContain(`\`${name}\` is not installed, which builds the binding`);
    expect(stderr).not.toContain('Downloading');
  });

  it('asks to be started by npm, which brings node-gyp', () => {
    const { status, stderr } = setUp(all, { npm_config_node_gyp: '' });
    expect(status).toBe(1);
    expect(stderr).toContain('start this with `npm run setup:tfjs-node`');
  });

  it('shows what pip said when the download fails, and leaves nothing behind', () => {
    const { status, stderr, left } = setUp({
      ...all,
      python3: program('*download*', 'ERROR: No matching distribution found'),
    });
    expect(status).toBe(1);
    expect(stderr).toContain('    ERROR: No matching distribution found');
    expect(stderr).toContain('It needs PyPI, or a mirror of it');
    expect(left).toEqual(['potstill']);
  });
});
