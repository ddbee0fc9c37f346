// Losses on layers: regressors, sizes and masks, and what the papers claim of each method.
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { lossComponents, type AnyComponent, type HostTensor, type RunEvent } from 'potstill';
import {
  int32,
  makeComponent,
  runLoss,
  runTiny,
  stepContext,
  tinyDataset,
  tinyStudent,
  tinyTeacher,
} from 'potstill/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { methodsPlugin } from './support/models.js';

beforeAll(() => tf.setBackend('cpu'));

const component = (name: string) => lossComponents.find((each) => each.name === name) as AnyComponent;

const spec = (...shape: (number | null)[]) => ({ dtype: 'float32' as const, shape });

/** A context with one layer of each. */
const context = (student: (number | null)[], teacher: (number | null)[]) => ({
  data: tinyDataset(),
  student: { ...tinyStudent(), outputs: { layer: spec(...student) } },
  teacher: { ...tinyTeacher(), outputs: { layer: spec(...teacher) } },
});

const make = (
  name: string,
  student: (number | null)[],
  teacher: (number | null)[],
  options: Record<string, unknown> = {},
  events: RunEvent[] = [],
) =>
  makeComponent('loss', component(name), context(student, teacher), {
    options: { student: 'layer', teacher: 'layer', ...options },
    events,
  });

describe('a connector', () => {
  it('is said once in a run', async () => {
    const run = await runTiny({
      plugin: methodsPlugin,
      recipe: {
        student: 'methods/student',
        teacher: { use: 'methods/teacher', size: 'large' },
        losses: ['cross-entropy', { use: 'hint', student: 'stage.1', teacher: 'stage.1' }],
        train: { epochs: 1, batch: 16, seed: 1 },
      },
    });
    try {
      const said = run.events.filter((event) => event.event === 'warning' && event.code === 'LOSS_CONNECTOR');
      expect(said).toHaveLength(1);
    } finally {
      await rm(run.folder, { recursive: true, force: true });
    }
  });

  it('is made where the channels differ, and says so', async () => {
    const events: RunEvent[] = [];
    const loss = await make('hint', [8, 8, 32], [8, 8, 64], {}, events);
    expect(loss.variables?.map(({ name, variable }) => [name, variable.shape])).toEqual([
      ['0.connector.kernel', [32, 64]],
      ['0.connector.bias', [64]],
    ]);
    expect(events).toMatchObject([
      {
        code: 'LOSS_CONNECTOR',
        message:
          "hint: a 1x1 convolution takes the student's `layer` [8, 8, 32] to the teacher's 64 channels of `layer`",
      },
    ]);
  });

  it.each([
    ['auto', 0],
    ['none', 0],
    ['linear', 2],
    ['two-layer', 7],
  ])('%s between equal channels has %i variables', async (connector, count) => {
    const loss = await make('hint', [6], [6], { connector });
    expect(loss.variables).toHaveLength(count);
  });

  it('has weights of its seed', async () => {
    const first = await make('hint', [3], [4]);
    const again = await make('hint', [3], [4]);
    const numbers = (loss: typeof first) => Array.from(loss.variables?.[0]?.variable.dataSync() ?? []);
    expect(numbers(again)).toEqual(numbers(first));
    expect(new Set(numbers(first)).size).toBe(12);
  });

  it.each([
    [[4], [8, 8, 4], {}, "the student's `layer` has shape [4], the teacher's `layer` [8, 8, 4]"],
    [[4], [6], { connector: 'none' }, "has 4 channels, the teacher's `layer` 6, and `connector` is `none`"],
    [[4, null], [4, 6], {}, '[4, ?], and the length of its last axis must be known'],
    [[4, 4, 4, 2], [4, 4, 4, 2], {}, 'expected a feature map [h, w, channels] or a vector [channels] or'],
    [[4], [4], { teacher: 'other' }, 'the teacher has no output `other`'],
  ] as const)('refuses %j beside %j', async (student, teacher, options, message) => {
    await expect(make('hint', [...student], [...teacher], options)).rejects.toThrow(message);
  });
});

describe('sizes', () => {
  it('are not changed with `resize: none`', async () => {
    const map = (side: number) => tf.ones([1, side, side, 2]).arraySync() as number[][][][];
    await expect(
      runLoss(component('hint'), {
        options: { student: 'layer', teacher: 'layer', resize: 'none' },
        student: { layer: map(4) },
        teacher: { layer: map(2) },
      }),
    ).rejects.toThrow("hint: the student's layer has shape [1,4,4,2], the teacher's [1,2,2,2]");
  });

  it('of sequences must agree', async () => {
    const states = (length: number) => tf.ones([1, length, 2]).arraySync() as number[][][];
    await expect(
      runLoss(component('hint'), {
        options: { student: 'layer', teacher: 'layer' },
        student: { layer: states(4) },
        teacher: { layer: states(5) },
      }),
    ).rejects.toThrow("hint: the student's layer has shape [1,4,2], the teacher's [1,5,2]");
  });
});

/** Maps [2, 3, 3, channels] of numbers that differ. */
const maps = (channels: number) =>
  fc
    .array(fc.double({ min: -3, max: 3, noNaN: true }), {
      minLength: 18 * channels,
      maxLength: 18 * channels,
    })
    .map((data): HostTensor => ({
      dtype: 'float32',
      shape: [2, 3, 3, channels],
      data: Float32Array.from(data, (each, i) => each + ((i * 7) % 11) / 10),
    }));

const mapped = (
  map: HostTensor,
  change: (value: number, channel: number, example: number) => number,
): HostTensor => {
  const channels = map.shape.at(-1) as number;
  const each = map.data.length / 2;
  const data = Float32Array.from(map.data, (value, i) => change(value, i % channels, Math.floor(i / each)));
  return { dtype: 'float32', shape: map.shape, data };
};

/** Channels in reverse order. */
const reversed = (map: HostTensor): HostTensor => {
  const channels = map.shape.at(-1) as number;
  const place = (i: number) => i - (i % channels) + (channels - 1 - (i % channels));
  return { ...map, data: Float32Array.from(map.data, (_, i) => map.data[place(i)] as number) } as HostTensor;
};

const valueOf = async (name: string, student: HostTensor, teacher: HostTensor, options = {}) => {
  const run = await runLoss(component(name), {
    options: { student: 'layer', teacher: 'layer', ...options },
    student: { layer: student },
    teacher: { layer: teacher },
  });
  return run.value;
};

const runs = { numRuns: 20 };

describe('what a method does not see', () => {
  it('attention-transfer: size of the activations, order and number of channels', () =>
    fc.assert(
      fc.asyncProperty(maps(3), fc.double({ min: 0.2, max: 5, noNaN: true }), async (map, scale) => {
        const other = reversed(mapped(map, (value, _, example) => value * scale * (example + 1)));
        expect(Math.abs(await valueOf('attention-transfer', other, map))).toBeLessThan(1e-10);
        const twice = (await tf
          .tidy(() => tf.concat([tf.tensor(map.data, [18, 3]), tf.tensor(map.data, [18, 3])], 1))
          .data()) as Float32Array;
        const doubled = { dtype: 'float32' as const, shape: [2, 3, 3, 6], data: twice };
        expect(Math.abs(await valueOf('attention-transfer', doubled, map))).toBeLessThan(1e-10);
      }),
      runs,
    ));

  it.each(['linear', 'polynomial', 'gaussian'])(
    'neuron-selectivity, %s: order and size of the channels; never below 0',
    (kernel) =>
      fc.assert(
        fc.asyncProperty(maps(3), maps(3), async (map, other) => {
          const same = reversed(mapped(map, (value, channel) => value * (channel + 1)));
          expect(Math.abs(await valueOf('neuron-selectivity', same, map, { kernel }))).toBeLessThan(2e-6);
          expect(await valueOf('neuron-selectivity', other, map, { kernel })).toBeGreaterThan(-2e-6);
        }),
        runs,
      ),
  );

  it('channel-wise: a constant added to a channel', () =>
    fc.assert(
      fc.asyncProperty(maps(2), async (map) => {
        const shifted = mapped(map, (value, channel, example) => value + channel - 2 * example);
        expect(Math.abs(await valueOf('channel-wise', shifted, map))).toBeLessThan(1e-5);
      }),
      runs,
    ));

  it('pearson-correlation: scale and offset of a channel', () =>
    fc.assert(
      fc.asyncProperty(maps(2), async (map) => {
        const changed = mapped(map, (value, channel) => (channel + 0.5) * value + 2 - channel);
        expect(Math.abs(await valueOf('pearson-correlation', changed, map))).toBeLessThan(1e-5);
        const opposite = mapped(map, (value) => -value);
        expect(await valueOf('pearson-correlation', opposite, map)).toBeCloseTo(2, 4);
      }),
      runs,
    ));

  it('activation-boundaries: how far beyond the margin the student is on the right side', () =>
    fc.assert(
      fc.asyncProperty(maps(2), async (map) => {
        const options = { connector: 'none' };
        const right = mapped(map, (value) => (value > 0 ? 1 : -1) * (1 + Math.abs(value)));
        expect(await valueOf('activation-boundaries', right, map, options)).toBe(0);
        const wrong = mapped(right, (value) => -value);
        expect(await valueOf('activation-boundaries', wrong, map, options)).toBeGreaterThan(18 * 4 - 1e-3);
      }),
      runs,
    ));

  it('flow-of-solution: where a pattern is', () =>
    fc.assert(
      fc.asyncProperty(maps(2), async (map) => {
        const flipped = tf.tidy(() => tf.reverse(tf.tensor(map.data, map.shape as number[]), [1, 2]));
        const moved = { ...map, data: (await flipped.data()) as Float32Array } as HostTensor;
        flipped.dispose();
        expect(Math.abs(await valueOf('flow-of-solution', moved, map))).toBeLessThan(1e-8);
      }),
      runs,
    ));
});

describe('flow-of-solution', () => {
  it('refuses sizes that no pooling brings together', async () => {
    const map = (side: number) => tf.ones([1, side, side, 2]).arraySync() as number[][][][];
    await expect(
      runLoss(component('flow-of-solution'), {
        options: { layers: '{a,b} -> {a,b}' },
        student: { a: map(5), b: map(3) },
        teacher: { a: map(5), b: map(3) },
      }),
    ).rejects.toThrow('flow-of-solution: a map of 5 x 5 cannot be pooled to 3 x 3');
  });
});

describe('layers of varying length', () => {
  it('are refused by losses that know no padding', async () => {
    await expect(make('activation-boundaries', [null, 4], [null, 4])).rejects.toThrow(
      'activation-boundaries: `layer` has shape [?, 4], and this loss does not know padding',
    );
  });
});

describe('masked-generative', () => {
  it.each([
    ['positions', [2, 3, 3, 1]],
    ['channels', [2, 1, 1, 2]],
  ] as const)('generates from what a mask leaves of %s', async (across, shape) => {
    const [student, teacher] = fc.sample(fc.tuple(maps(2), maps(2)), { numRuns: 1, seed: 1 })[0] ?? [];
    if (!student || !teacher) throw new Error('no sample');
    const mask = stepContext(true).random.keepMask(shape, 0.4);
    const masked = tf.mul(tf.tensor(student.data, [2, 3, 3, 2]), mask).dataSync<'float32'>();
    expect(masked.filter((each) => each === 0).length).toBeGreaterThan(2);
    const hidden = await valueOf('masked-generative', student, teacher, { ratio: 0.4, across });
    const given: HostTensor = { dtype: 'float32', shape: [2, 3, 3, 2], data: masked };
    const open = await valueOf('masked-generative', given, teacher, { ratio: 0 });
    expect(hidden).toBeCloseTo(open, 3);
    expect(await valueOf('masked-generative', student, teacher, { ratio: 0 })).not.toBeCloseTo(hidden, 3);
  });
});

describe('factor-transfer', () => {
  it.each([
    [1, ['encoder', 'decoder']],
    [2, ['translator']],
  ] as const)('in epoch %i trains %j', async (epoch, parts) => {
    const [student, teacher] = fc.sample(fc.tuple(maps(2), maps(4)), { numRuns: 1, seed: 2 })[0] ?? [];
    if (!student || !teacher) throw new Error('no sample');
    const { gradients } = await runLoss(component('factor-transfer'), {
      options: { student: 'layer', teacher: 'layer', paraphraserEpochs: 2 },
      student: { layer: student },
      teacher: { layer: teacher },
      progress: { epoch },
    });
    const moved = Object.entries(gradients.variables).flatMap(([name, { data }]) =>
      data.some((each: number) => each !== 0) ? [name.split('.')[1] ?? ''] : [],
    );
    expect([...new Set(moved)].sort()).toEqual([...parts].sort());
    expect(gradients.student.layer?.data.some((each: number) => each !== 0)).toBe(epoch === 2);
  });
});

describe('overhaul', () => {
  it('leaves the student free below 0 where the teacher is off, and not above', () =>
    fc.assert(
      fc.asyncProperty(maps(2), fc.double({ min: 0.1, max: 3, noNaN: true }), async (map, by) => {
        const off = mapped(map, (value) => -Math.abs(value) - 0.1);
        const lower = mapped(off, (value) => 4 * value - by - 40);
        const options = { connector: 'none' };
        expect(await valueOf('overhaul', lower, off, options)).toBe(0);
        const above = mapped(off, () => by);
        expect(await valueOf('overhaul', above, off, options)).toBeGreaterThan(18 * by ** 2);
      }),
      runs,
    ));
});

describe('padding', () => {
  const states = { dtype: 'float32' as const, shape: [null, 2] };
  const numbers = (length: number, seed: number) =>
    Array.from({ length }, (_, i) => [Math.sin(seed + 3 * i), Math.cos(seed * i + 1)]);

  it.each(['hint', 'flow-of-solution'])('of hidden states does not count: %s', async (name) => {
    const lengths = [3, 2];
    const values = (seed: number, padding: number) =>
      lengths.map((length, k) => [
        ...numbers(length, seed + k),
        ...Array.from({ length: 4 - length }, () => [padding, -padding]),
      ]);
    const run = (padding: number) =>
      runLoss(component(name), {
        options: { student: 'h', teacher: 'h' },
        student: { h: values(1, padding), 'h.length': int32(lengths) },
        teacher: { h: values(7, padding) },
        context: {
          student: {
            ...tinyStudent(),
            outputs: { h: states, 'h.length': { dtype: 'int32', shape: [] } },
          },
          teacher: { ...tinyTeacher(), outputs: { h: states } },
        },
      });
    const plain = await run(0);
    const wild = await run(NaN);
    expect(plain.value).toBeGreaterThan(0);
    expect(wild.value).toBe(plain.value);
    const gradient = wild.gradients.student.h?.data ?? [];
    expect(Array.from(gradient.slice(12), Number)).toEqual([0, 0, 0, 0]);
    // What lies in the padding has no say in the others either.
    expect(Array.from(gradient, Number).every(Number.isFinite)).toBe(true);
  });

  it('of maps follows the map to its new size', async () => {
    const map = (side: number, wild: number) =>
      Array.from({ length: side }, (_, y) =>
        Array.from({ length: side }, (_, x) => (x < side / 2 ? [y + 1, x + 2] : [wild, wild])),
      );
    const mask = [Array.from({ length: 4 }, () => [1, 1, 0, 0])];
    const { value } = await runLoss(component('hint'), {
      options: { student: 'a', teacher: 'b', mask: 'm', connector: 'none' },
      student: { a: [map(4, NaN)] },
      teacher: { b: [map(2, NaN)] },
      batch: { m: mask },
    });
    // Averages over 2 x 2: rows 1.5 and 3.5, channels 2.5; the teacher has 1 and 2, and 2.
    expect(value).toBeCloseTo((0.5 ** 2 + 0.5 ** 2 + 1.5 ** 2 + 0.5 ** 2) / 4, 5);
  });
});
