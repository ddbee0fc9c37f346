// The benchmark's command: what it prints and writes, how it ends. No time is asserted.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strangers } from '../bench/harness/losses.js';
import { optionsOf } from '../bench/harness/options.js';
import { plotOf } from '../bench/harness/plot.js';
import type { Result } from '../bench/harness/results.js';
import { resultsTable } from '../bench/harness/table.js';
import { type Ended, root, run } from './support/processes.js';

const source = ['--conditions=potstill-source', '--import', 'tsx'];
const bench = (words: readonly string[]): Promise<Ended> =>
  run(process.execPath, [...source, 'bench/main.ts', ...words]);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'potstill-bench-test-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('npm run bench', () => {
  it('measures each peer, prints the table, writes JSON and a plot', async () => {
    const [json, plot] = [join(folder, 'bench.json'), join(folder, 'bench.svg')];
    const tiny = ['--members', 'mlp-64', '--threads', '1', '--rounds', '1', '--seconds', '0.05'];
    const peers = ['--peers', 'potstill,torch,tfjs-cpu', '--python', join(folder, 'no-python')];
    const { code, out, err } = await bench([...tiny, ...peers, '--json', json, '--plot', plot]);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toContain('| member | threads | potstill | PyTorch | TF.js cpu | potstill / best PyTorch |');
    expect(out).toMatch(/^\| mlp-64 \| 1 \| [\d.]+ \| – \| [\d.]+ \| – \|$/m);
    expect(out).toMatch(/^- 1 thread: TF\.js cpu \/ potstill: [\d.]+ \(1 of 1\)$/m);
    expect(out).toMatch(/^- PyTorch: .*no-python.* mlp-64 \(1\)$/m);

    const report = JSON.parse(readFileSync(json, 'utf8')) as { machine: unknown; results: Result[] };
    expect(Object.keys(report)).toEqual(['machine', 'results']);
    expect(report.machine).toMatchObject({
      cpu: expect.any(String) as string,
      cores: expect.any(Number) as number,
      versions: { node: process.versions.node, 'onnxruntime-node': expect.any(String) as string },
    });
    const positive = expect.any(Number) as number;
    expect(report.results).toMatchObject([
      {
        member: 'mlp-64',
        threads: 1,
        unit: 'ms',
        potstill: positive,
        torch: null,
        torchCompiled: null,
        tfjsNode: null,
        tfjsWasm: null,
        tfjsCpu: positive,
        jaxJs: null,
        spread: { potstill: [positive, positive], tfjsCpu: [positive, positive] },
      },
    ]);
    const [{ loss, potstill, tfjsCpu } = {} as Result] = report.results;
    expect(Math.min(potstill ?? 0, tfjsCpu ?? 0)).toBeGreaterThan(0);
    expect((loss.tfjsCpu as number) / (loss.potstill as number)).toBeCloseTo(1, 4);
    expect(readFileSync(plot, 'utf8')).toMatch(/^<svg[^]*<\/svg>\s*$/);
  });

  it('shows members, options and examples', async () => {
    const { code, out } = await bench(['--help']);
    expect(code).toBe(0);
    for (const word of ['mlp-800', 'resnet-20', '--peers', '--cold', 'examples:', 'Exit codes'])
      expect(out).toContain(word);
  });

  it('refuses a member that is not there and names those that are', async () => {
    const { code, err } = await bench(['--members', 'mlp-64,mpl-800']);
    expect(code).toBe(2);
    expect(err).toMatch(/^--members: there is no `mpl-800`; there are mlp-800, mlp-64, /);
    expect(err).not.toContain('    at ');
  });

  it.each([
    [['--peers', 'pytorch'], '--peers: there is no `pytorch`; there are potstill, torch, '],
    [['--rounds', '1.5'], '--rounds is `1.5`; it is a whole number above 0'],
    [['--seconds', 'x'], '--seconds is `x`; it is a number above 0'],
    [['--threads', '9999'], '--threads: 9999 threads on '],
    [['--plot', 'plot.png'], '--plot is `plot.png`; the picture is an SVG: FILE.svg'],
    [['--round', '1'], "Unknown option '--round'"],
  ])('refuses %j', (words, message) => {
    expect(() => optionsOf(words, ['mlp-64'])).toThrow(message);
  });

  it('ends its peers and itself at Ctrl-C', async () => {
    const json = join(folder, 'interrupted.json');
    const words = ['--members', 'mlp-64', '--threads', '1', '--rounds', '1000', '--seconds', '0.05'];
    const child = spawn(
      process.execPath,
      [...source, 'bench/main.ts', ...words, '--peers', 'potstill', '--json', json],
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ended = once(child, 'close');
    let peers: number[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      if (!line.includes('round 2 ')) continue;
      peers = childrenOf(child.pid as number);
      child.kill('SIGINT');
      break;
    }
    expect((await ended)[0]).toBe(130);
    expect(peers.length).toBeGreaterThan(0);
    expect(peers.filter(isThere)).toEqual([]);
    // Only whole members are written.
    expect(existsSync(json)).toBe(false);
  });
});

function childrenOf(parent: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid = NaN, of] = line.trim().split(/\s+/).map(Number);
    return of === parent ? [pid] : [];
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('npm run bench -- --cold', () => {
  it('splits the time to the end of the first step', async () => {
    const json = join(folder, 'cold.json');
    const words = ['--cold', '--members', 'mlp-64', '--threads', '1', '--rounds', '1', '--json', json];
    const { code, out, err } = await bench(words);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toContain(
      '| member | threads | cache | record, lower, passes, cache | compile | first run | together |',
    );
    const { cold } = JSON.parse(readFileSync(json, 'utf8')) as { cold: Record<string, number>[] };
    for (const { record = 0, compile = 0, run: first = 0, total } of cold)
      expect(record + compile + first).toBeCloseTo(total as number, 0);
    expect(cold.map(({ member, cache }) => [member, cache])).toEqual([
      ['mlp-64', 'cold'],
      ['mlp-64', 'warm'],
    ]);
  });
});

describe('strangers', () => {
  it('are peers whose first loss is another than that of the first', () => {
    const losses = new Map([
      ['potstill', 2],
      ['torch', 2.0019],
      ['jax-js', 2.1],
      ['tfjs-cpu', NaN],
    ]);
    const found = strangers(losses);
    expect([...found.keys()].sort()).toEqual(['jax-js', 'tfjs-cpu']);
    expect(found.get('jax-js')).toContain('ANOTHER NETWORK: its loss at the first step is 2.1');
  });

  it('are not found among none, one, or peers without a reference', () => {
    expect(strangers(new Map())).toEqual(new Map());
    expect(strangers(new Map([['torch', 1]]))).toEqual(new Map());
    expect([
      ...strangers(
        new Map([
          ['potstill', NaN],
          ['torch', 1],
        ]),
      ).keys(),
    ]).toEqual(['potstill']);
  });
});

describe('the table', () => {
  const result = (member: string, threads: number, ms: Partial<Result>): Result => ({
    member,
    threads,
    unit: 'ms',
    potstill: null,
    torch: null,
    torchCompiled: null,
    tfjsNode: null,
    tfjsWasm: null,
    tfjsCpu: null,
    jaxJs: null,
    spread: {},
    steps: {},
    loss: {},
    remarks: {},
    notes: {},
    ...ms,
  });
  const results = [
    result('a', 1, { potstill: 1, torch: 4, torchCompiled: 2, tfjsWasm: 10 }),
    result('b', 1, { potstill: 4, torch: 2, notes: { tfjsWasm: 'TF.js wasm has no Kernel' } }),
    result('a', 2, { potstill: 1, torchCompiled: 1, remarks: { torchCompiled: 'channels_last' } }),
  ];
  const names = ['potstill', 'torch', 'torch-compiled', 'tfjs-wasm'] as const;

  it('compares with the better PyTorch and takes geometric means of what is there', () => {
    const lines = resultsTable(names, results).split('\n');
    expect(lines).toContain('| a | 1 | 1.00 | 4.00 | 2.00 | 10.0 | 0.50 |');
    expect(lines).toContain('| b | 1 | 4.00 | 2.00 | – | – | 2.00 |');
    expect(lines).toContain('- 1 thread: potstill / best PyTorch: 1.00 (2 of 2)');
    expect(lines).toContain('- 2 threads: potstill / best PyTorch: 1.00 (1 of 1)');
    expect(lines).toContain('- 1 thread: TF.js wasm / potstill: 10.00 (1 of 2)');
    expect(lines).toContain('- TF.js wasm has no Kernel: b (1)');
    expect(lines).toContain('- torch.compile: channels_last: a (2)');
  });

  it('is drawn, with a panel for each number of threads', async () => {
    const svg = await plotOf(names, results);
    for (const word of ['1 thread', '2 threads', 'torch.compile', 'TF.js wasm'])
      expect(svg).toContain(`>${word}<`);
  });
});

describe('npm run bench:passes', () => {
  const passes = (words: readonly string[]): Promise<Ended> =>
    run(process.execPath, [...source, 'bench/passes.ts', ...words]);

  it('writes a page with a row a pass, and tells equal graphs from others', async () => {
    const page = join(folder, 'passes.md');
    const tiny = ['--members', 'mlp-64', '--rounds', '1', '--seconds', '0.01'];
    const some = ['--passes', 'dead-code,fuse-gemm-add', '--write', page];
    const { code, err } = await passes([...tiny, ...some]);
    expect({ code, err }).toMatchObject({ code: 0 });
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('| without | mlp-64 | geometric mean |');
    expect(text).toMatch(/^\| `dead-code` \| = \| 1\.00 \|$/m);
    expect(text).toMatch(/^\| `fuse-gemm-add` \| [\d.]+ \| [\d.]+ \|$/m);
  });

  it('refuses a pass that does not exist', async () => {
    const { code, err } = await passes(['--passes', 'fuse-everything']);
    expect(code).toBe(2);
    expect(err).toContain('--passes: there is no `fuse-everything`; there are dead-code, fold-constants');
  });
});

describe('npm run bench:end-to-end', () => {
  const endToEnd = (words: readonly string[]): Promise<Ended> =>
    run(process.execPath, [...source, 'bench/end-to-end/main.ts', ...words]);

  it('refuses wrong options', async () => {
    const { code, err } = await endToEnd(['--cases', 'imagenet']);
    expect(code).toBe(2);
    expect(err).toContain('--cases: there is no `imagenet`; there are mnist, cifar, cifar-augmented');
  });

  it('says what a peer that failed has said', async () => {
    const python = join(folder, 'python.mjs');
    writeFileSync(python, "#!/usr/bin/env node\nconsole.error('no torch here'); process.exit(3);\n", {
      mode: 0o755,
    });
    const { code, err } = await endToEnd(['--cases', 'mnist', '--peers', 'torch', '--python', python]);
    expect(code).toBe(1);
    expect(err).toMatch(/loop\.py .* ended with 3 and no .*round-0-torch\.pt:\nno torch here/);
  });
});
