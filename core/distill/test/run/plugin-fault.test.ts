// Whatever a plugin's method throws ends the run with PLUGIN_FAILED, naming plugin, component, method and place.
import { rm } from 'node:fs/promises';
import { randomStream, sgd } from '@potstill/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  dataset,
  definePlugin,
  exitCodeOfError,
  exporter,
  loss,
  metric,
  optimizer,
  PotstillError,
  schedule,
  student,
  teacher,
  transform,
} from 'potstill';
import { z } from 'zod';
import { hard, tinyData, tinyStudent, tinyTeacher } from '../train/tiny.js';
import { Workplace } from './tiny.js';

function boom(): never {
  throw new TypeError('boom');
}

const options = z.strictObject({});
const help = 'throws';

/** A component of each kind whose one method throws. */
const faulty = definePlugin({
  name: 'faulty',
  version: '2.0.0',
  potstill: '*',
  components: [
    dataset('faulty/example', {
      help,
      options,
      create() {
        const { size, spec, inputs, labels, fingerprint } = tinyData(20);
        return { size, spec, inputs, labels: labels ?? [], target: 'label', fingerprint, example: boom };
      },
    }),
    dataset('faulty/batch', {
      help,
      options,
      create: () => ({ ...tinyData(20), batch: () => Promise.reject(new TypeError('boom')) }),
    }),
    dataset('faulty/dispose', { help, options, create: () => ({ ...tinyData(70), dispose: boom }) }),
    dataset('faulty/examples', {
      help,
      options,
      create() {
        const { spec, inputs, target, fingerprint } = tinyData(20);
        return {
          spec,
          inputs,
          ...(target ? { target } : {}),
          fingerprint,
          async *examples() {
            yield await tinyData(20).example(0);
            boom();
          },
        };
      },
    }),
    transform('faulty/apply', {
      help,
      options,
      create: () => ({ fingerprint: 'f', random: false, apply: boom }),
    }),
    teacher('faulty/label', { help, options, create: () => ({ ...tinyTeacher(), label: boom }) }),
    student('faulty/forward', {
      help,
      options,
      create: () => ({ ...tinyStudent(randomStream(1)), forward: boom }),
    }),
    loss('faulty/compute', { help, options, create: () => ({ ...hard, compute: boom }) }),
    metric('faulty/update', {
      help,
      options,
      create: () => ({
        needs: { model: [], teacher: [], batch: [] },
        figures: [{ name: 'own', title: 'Own', unit: 'number', better: null }],
        update: boom,
        result: () => ({ own: 0 }),
        reset: () => undefined,
      }),
    }),
    metric('faulty/result', {
      help,
      options,
      create: () => ({
        needs: { model: [], teacher: [], batch: [] },
        figures: [],
        update: () => undefined,
        result: boom,
        reset: () => undefined,
      }),
    }),
    optimizer('faulty/optimizer', { help, options, create: () => ({ ...sgd(), update: boom }) }),
    schedule('faulty/schedule', { help, options, create: () => boom }),
    exporter('faulty/check', { help, options, create: () => ({ check: boom, export: boom }) }),
    exporter('faulty/export', { help, options, create: () => ({ export: boom }) }),
  ],
});

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  place.known.set('faulty', faulty);
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

describe('a method of a plugin that throws', () => {
  it.each([
    ['example', 'dataset', 'data.train', 'data.train=faulty/example'],
    ['batch', 'dataset', 'data.train', 'data.train=faulty/batch'],
    ['dispose', 'dataset', 'data.train', 'data.train=faulty/dispose'],
    ['examples', 'dataset', 'data.train', 'data.train=faulty/examples'],
    ['apply', 'transform', 'data.train.transforms.0', 'data.train.transforms=[faulty/apply]'],
    ['label', 'teacher', 'teacher', 'teacher={use: faulty/label}'],
    ['forward', 'student', 'student', 'student=faulty/forward'],
    ['compute', 'loss', 'losses.0', 'losses=[faulty/compute]'],
    ['update', 'metric', 'evaluate.1', 'evaluate=[accuracy, faulty/update]'],
    ['result', 'metric', 'evaluate.1', 'evaluate=[accuracy, faulty/result]'],
    ['update', 'optimizer', 'train.optimizer', 'train.optimizer=faulty/optimizer'],
    ['check', 'exporter', 'export.0', 'export=[faulty/check]'],
    ['export', 'exporter', 'export.0', 'export=[faulty/export]'],
  ])('is told as the plugin’s: `%s` of a %s', async (method, _kind, path, change) => {
    const error = await place
      .run('student.yaml', {
        set: ['teacher={use: tiny/teacher}', 'plugins=[tiny, faulty]', 'train.epochs=1', change],
      })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(PotstillError);
    const [record] = (error as PotstillError).records;
    expect(record).toMatchObject({ code: 'PLUGIN_FAILED', path, location: { line: 1 } });
    // Data sets name the example before it.
    expect(record.message).toMatch(/^(train: examples? [\d, ]+: )?faulty 2\.0\.0: /);
    expect(record.message).toContain(`\`${method}\` of the `);
    expect(record.message).toMatch(/: boom$/);
    let cause = error;
    while (cause instanceof PotstillError) cause = cause.cause;
    expect(cause).toBeInstanceOf(TypeError);
    expect(exitCodeOfError(error)).toBe(3);
  });

  it('is told for a schedule, which is a function', async () => {
    await expect(
      place.run('student.yaml', {
        set: ['teacher={use: tiny/teacher}', 'plugins=[tiny, faulty]', 'train.rate={use: faulty/schedule}'],
      }),
    ).rejects.toThrow(
      /PLUGIN_FAILED: faulty 2\.0\.0: the schedule `faulty\/schedule` failed \(train\.rate\): boom/,
    );
  });

  it('does not hide what ended the run before', async () => {
    await expect(
      place.run('student.yaml', {
        set: [
          'plugins=[tiny, faulty]',
          'data.train=faulty/dispose',
          'teacher={use: tiny/teacher, constant: true}',
        ],
      }),
    ).rejects.toMatchObject({ code: 'PREFLIGHT_TAP' });
  });
});
