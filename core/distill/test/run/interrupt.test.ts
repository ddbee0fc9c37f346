// A run that is interrupted ends at once wherever it waits, and goes on from there when it is resumed.
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataset, definePlugin, exporter, teacher } from 'potstill';
import { z } from 'zod';
import { tinyData, tinyTeacher } from '../train/tiny.js';
import { Workplace } from './tiny.js';

let place: Workplace;
let controller: AbortController;
/** Aborts the run and waits for ever. */
function hang(): Promise<never> {
  controller.abort();
  return new Promise(() => undefined);
}

const options = z.strictObject({});
const help = 'never ends';
const hanging = definePlugin({
  name: 'hanging',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('hanging/open', { help, options, create: () => hang() }),
    dataset('hanging/batch', { help, options, create: () => ({ ...tinyData(70), batch: () => hang() }) }),
    teacher('hanging/label', { help, options, create: () => ({ ...tinyTeacher(), label: () => hang() }) }),
    exporter('hanging/export', { help, options, create: () => ({ export: () => hang() }) }),
  ],
});

beforeEach(async () => {
  controller = new AbortController();
  place = await Workplace.make();
  place.known.set('hanging', hanging);
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const set = ['plugins=[tiny, hanging]', 'train.epochs=2'];
const component = 'teacher={use: tiny/teacher}';

describe('an interrupted run ends', () => {
  it.each([
    ['opening data', 'data', [component, 'data.train=hanging/open']],
    ['preflight, reading data', 'preflight', [component, 'data.train=hanging/batch']],
    ['preflight, asking the teacher', 'preflight', ['teacher=hanging/label']],
    ['labelling', 'label', ['teacher=hanging/label', 'preflight.enabled=false', 'baseline=false']],
    [
      'training, reading data',
      'student',
      [
        'teacher=hanging/label',
        'preflight.enabled=false',
        'baseline=false',
        'data.train.transforms=[tiny/noise]',
      ],
    ],
    ['validation', 'baseline', [component, 'preflight.enabled=false', 'data.validation=hanging/batch']],
    ['evaluation', 'evaluate', [component, 'preflight.enabled=false', 'data.test=hanging/batch']],
    ['export', 'export', [component, 'export=[hanging/export]']],
  ])('while it waits for %s', async (_what, stage, change) => {
    await expect(
      place.run('student.yaml', { set: [...set, ...change], signal: controller.signal }),
    ).rejects.toMatchObject({
      code: 'TRAIN_INTERRUPTED',
      message: expect.stringContaining(`${stage}: stopped`) as unknown,
    });
  });

  it('and continues after validation to the same bytes', async () => {
    const whole = await place.run('student.yaml', {
      set: [component],
      runsFolder: join(place.folder, 'whole'),
    });
    let evaluations = 0;
    const known = place.known.get('tiny');
    if (!known) throw new Error('no plugin');
    const broken = definePlugin({
      ...known,
      components: known.components.map((each) => {
        if (each.name !== 'tiny/points' || each.kind !== 'dataset') return each;
        const create: typeof each.create = async (values, services, context) => {
          const data = await each.create(values, services, context);
          // The validation data, in the second of its evaluations.
          if (values.seed !== 7 || data.size === undefined) return data;
          const read = data.batch?.bind(data);
          return {
            ...data,
            batch: (indices: ArrayLike<number>) => (++evaluations === 2 || !read ? hang() : read(indices)),
          };
        };
        return { ...each, create };
      }),
    });
    place.known.set('tiny', broken);
    await expect(
      place.run('student.yaml', { set: [component], signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
    place.known.set('tiny', known);
    const resumed = await place.run('student.yaml', { set: [component], resume: true });
    for (const file of ['baseline/last.safetensors', 'student/last.safetensors'])
      expect(await readFile(join(resumed.runFolder, file)), file).toEqual(
        await readFile(join(whole.runFolder, file)),
      );
  });
});

describe.skipIf(process.platform === 'win32')('a signal to the process of a run', () => {
  const child = fileURLToPath(new URL('slow-child.ts', import.meta.url));

  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends it while the teacher is asked', async (signal) => {
    const ended = await new Promise<{ code: number | null; out: string }>((resolve, reject) => {
      const words = ['--conditions=potstill-source', '--import', 'tsx', child, place.folder];
      const cwd = fileURLToPath(new URL('../../../..', import.meta.url));
      const started = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], cwd });
      let out = '';
      started.stdout.on('data', (data: Buffer) => {
        out += data.toString();
        if (out === 'asked\n') started.kill(signal);
      });
      started.on('error', reject);
      started.on('close', (code) => resolve({ code, out }));
    });
    expect(ended.code).toBe(130);
    expect(ended.out).toContain('TRAIN_INTERRUPTED');
    expect(ended.out).toContain('label: stopped before it was done');
  });
});
