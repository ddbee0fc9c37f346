// A whole run, watched: ONNX Runtime's telemetry stays off, so nothing is sent and nothing is written that was not asked for.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const training = `
  import * as tf from '@tensorflow/tfjs';
  import { createEngine, ort, randomStream, sgd } from '@potstill/engine';
  const w = tf.variable(tf.zeros([2, 1]));
  const engine = await createEngine();
  const session = await engine.training({
    variables: [{ name: 'w', variable: w }],
    loss: ({ x }) => ({ loss: tf.sum(tf.square(tf.sub(tf.matMul(x, w), 1))) }),
    optimizer: sgd(),
    random: randomStream(1),
  });
  for (let i = 0; i < 20; i++)
    await session.train({ x: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) } }, { rate: 0.1 });
  await engine.dispose();
  console.log(process.env.ORT_DISABLE_TELEMETRY, typeof ort.InferenceSession.create);`;

const reading = `
  import '@potstill/engine';
  console.log(process.env.ORT_DISABLE_TELEMETRY);`;

const hasStrace = spawnSync('strace', ['-V']).status === 0;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telemetry-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs code in a process whose home, cache and temporary folders are the one folder. */
function run(code: string, chosen?: string, tracer: readonly string[] = []): string {
  const { ORT_DISABLE_TELEMETRY: _, ...environment } = process.env;
  const node = ['--conditions=potstill-source', '--import', 'tsx', '--input-type=module', '-e', code];
  const [command = '', ...words] = [...tracer, process.execPath, ...node];
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd: new URL('..', import.meta.url),
    encoding: 'utf8',
    env: {
      ...environment,
      HOME: folder,
      XDG_CACHE_HOME: folder,
      TMPDIR: folder,
      // Of tsx, which runs the packages' sources.
      TSX_DISABLE_CACHE: '1',
      ...(chosen === undefined ? {} : { ORT_DISABLE_TELEMETRY: chosen }),
    },
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trim();
}

describe('training on the engine', () => {
  it('leaves nothing in the home, the cache and the temporary folder', async () => {
    expect(run(training)).toBe('1 function');
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(hasStrace)(
    'opens no network socket, and writes to no file (where strace is installed)',
    async () => {
      const trace = join(folder, 'trace');
      run(training, undefined, ['strace', '-f', '-e', 'trace=network,openat,open,creat', '-o', trace]);
      const calls = (await readFile(trace, 'utf8')).split('\n');
      await rm(trace);
      expect(calls.some((call) => call.includes('libonnxruntime'))).toBe(true);
      expect(calls.filter((call) => /\b(socket|connect)\(.*AF_INET/.test(call))).toEqual([]);
      const written = calls.filter((call) => /\bopen(at)?\(.*O_(WRONLY|RDWR|CREAT)/.test(call));
      expect(written.filter((call) => !call.includes('"/dev/'))).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});

describe('ORT_DISABLE_TELEMETRY', () => {
  it('is 1 unless the user has chosen', () => {
    expect(run(reading)).toBe('1');
    expect(run(reading, '')).toBe('1');
    expect(run(reading, '0')).toBe('0');
  });
});
