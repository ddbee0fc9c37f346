// The metrics against numbers worked out by hand or with another program, and what holds for any data.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, HostTensor, Metric, MetricValue, ComponentServices } from 'potstill';
import { metricComponents } from '../../src/evaluate/components.js';

const data = {
  spec: { x: { dtype: 'float32', shape: [1] }, label: { dtype: 'int32', shape: [] } },
  inputs: ['x'],
  target: 'label',
  fingerprint: 'none',
} as const;

async function make(
  name: string,
  options: Record<string, unknown> = {},
  description: object = data,
): Promise<Metric> {
  const component = metricComponents.find((entry) => entry.name === name);
  if (component?.kind !== 'metric') throw new Error(`no metric ${name}`);
  return component.create(component.options.parse(options), {} as ComponentServices, {
    data: description as typeof data,
  });
}

function scores(rows: readonly (readonly number[])[]): HostTensor {
  return {
    dtype: 'float32',
    shape: [rows.length, rows[0]?.length ?? 3],
    data: Float32Array.from(rows.flat()),
  };
}

function batchOf(labels: readonly number[]): Batch {
  return {
    size: labels.length,
    indices: labels.map((_, index) => index),
    tensors: { label: { dtype: 'int32', shape: [labels.length], data: Int32Array.from(labels) } },
  };
}

interface Rows {
  readonly student: readonly (readonly number[])[];
  readonly teacher?: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

function feed(metric: Metric, { student, teacher, labels }: Rows): Readonly<Record<string, MetricValue>> {
  metric.update({
    student: { logits: scores(student) },
    ...(teacher === undefined ? {} : { teacher: { logits: scores(teacher) } }),
    batch: batchOf(labels),
  });
  return metric.result();
}

// Four examples, three classes. The last two rows are ties.
const student = [
  [2, 1, 0],
  [0, 1, 3],
  [1, 1, 0],
  [0, 0, 0],
];
const teacher = [
  [3, 0, 0],
  [0, 3, 0],
  [0, 3, 0],
  [1, 0, 0],
];
const labels = [0, 1, 1, 0];
const rows: Rows = { student, teacher, labels };

describe('accuracy', () => {
  it('counts the highest score, ties to the lowest class', async () => {
    expect(feed(await make('accuracy'), rows)).toEqual({ accuracy: 0.5, errors: 2, count: 4 });
  });

  it('counts a row with NaN as an error, even where the truth is class 0', async () => {
    expect(feed(await make('accuracy'), { student: [[1, NaN, 0]], labels: [0] })).toEqual({
      accuracy: 0,
      errors: 1,
      count: 1,
    });
  });

  it('does not count an example whose truth is not known', async () => {
    expect(
      feed(await make('accuracy'), {
        student: [
          [1, 0],
          [1, 0],
        ],
        labels: [0, -1],
      }),
    ).toEqual({
      accuracy: 1,
      errors: 0,
      count: 1,
    });
  });

  it('reads another output when told', async () => {
    const metric = await make('accuracy', { output: 'second' });
    metric.update({ student: { logits: scores([[1, 0]]), second: scores([[0, 1]]) }, batch: batchOf([1]) });
    expect(metric.result()).toEqual({ accuracy: 1, errors: 0, count: 1 });
  });

  it('counts every position of longer outputs, such as frames', async () => {
    const metric = await make('accuracy');
    metric.update({
      student: { logits: { dtype: 'float32', shape: [1, 2, 2], data: Float32Array.of(1, 0, 1, 0) } },
      batch: {
        size: 1,
        indices: [0],
        tensors: { label: { dtype: 'int32', shape: [1, 2], data: Int32Array.of(0, 1) } },
      },
    });
    expect(metric.result()).toEqual({ accuracy: 0.5, errors: 1, count: 2 });
  });
});

describe('top-k', () => {
  it('finds the truth among the k highest, ties to the lowest class', async () => {
    // Ranks of the truths: 0, 1, 1, 0.
    expect(feed(await make('top-k', { k: 1 }), rows)).toEqual({ top1: 0.5 });
    expect(feed(await make('top-k', { k: 2 }), rows)).toEqual({ top2: 1 });
  });

  it('is 1 when k is the number of classes or more, but never where a score is NaN', async () => {
    expect(
      feed(await make('top-k', { k: 9 }), {
        student: [
          [0, 5],
          [NaN, 1],
        ],
        labels: [0, 1],
      }),
    ).toEqual({
      top9: 0.5,
    });
  });
});

describe('cross-entropy', () => {
  it('is the mean of -log softmax, in nats', async () => {
    // log(e^2 + e + 1) - 2, log(1 + e + e^3) - 1, log(2e + 1) - 1, log 3.
    const { crossEntropy } = feed(await make('cross-entropy'), rows);
    expect(crossEntropy).toBeCloseTo((0.40760596 + 2.16984602 + 0.8619948 + 1.09861229) / 4, 6);
  });

  it('does not overflow, and is infinite where the truth is ruled out', async () => {
    const large = feed(await make('cross-entropy'), { student: [[1000, 0]], labels: [1] });
    expect(large.crossEntropy).toBe(1000);
    const never = feed(await make('cross-entropy'), { student: [[0, -Infinity]], labels: [1] });
    expect(never.crossEntropy).toBe(Infinity);
  });
});

describe('agreement', () => {
  it("is the share of answers that are the teacher's, without labels", async () => {
    const metric = await make('agreement', {}, { ...data, target: undefined });
    expect(feed(metric, { ...rows, labels: [9, 9, 9, 9] })).toEqual({ agreement: 0.5 });
  });

  it('counts NaN on both sides as no agreement', async () => {
    expect(feed(await make('agreement'), { student: [[NaN, 1]], teacher: [[NaN, 1]], labels: [0] })).toEqual({
      agreement: 0,
    });
  });

  it('says so when student and teacher have other numbers of classes', async () => {
    const metric = await make('agreement');
    expect(() => feed(metric, { student: [[1, 2]], teacher: [[1, 2, 3]], labels: [0] })).toThrow(
      'the student gives 1 rows of 2 scores, the teacher 1 rows of 3: they cannot be compared',
    );
  });
});

describe('divergence', () => {
  it('is the mean KL from teacher to student', async () => {
    // Softmax [0.9, 0.1] against [0.5, 0.5]: 0.9 log 1.8 + 0.1 log 0.2 = 0.36806421.
    const { divergence } = feed(await make('divergence'), {
      student: [[0, 0]],
      teacher: [[Math.log(9), 0]],
      labels: [0],
    });
    expect(divergence).toBeCloseTo(0.9 * Math.log(1.8) + 0.1 * Math.log(0.2), 7);
  });

  it('softens both sides and carries the temperature in its name', async () => {
    // At T = 2 the odds 9:1 become 3:1.
    const { divergenceT2 } = feed(await make('divergence', { temperature: 2 }), {
      student: [[0, 0]],
      teacher: [[Math.log(9), 0]],
      labels: [0],
    });
    expect(divergenceT2).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 7);
  });

  it('takes nothing from classes that the teacher rules out', async () => {
    const { divergence } = feed(await make('divergence'), {
      student: [[0, 0]],
      teacher: [[0, -Infinity]],
      labels: [0],
    });
    expect(divergence).toBeCloseTo(Math.LN2, 12);
  });
});

describe('calibration', () => {
  it('weighs the gap of each bin by its count', async () => {
    // Confidences 0.9 (right), 0.9 (wrong), 0.6 (right); two bins hold them: |1 - 0.6| / 3 + 2 |0.5 - 0.9| / 3 = 0.4.
    const metric = await make('calibration', { bins: 10 });
    const nine = [Math.log(9), 0];
    const six = [Math.log(1.5), 0];
    const { calibrationError, calibrationBins } = feed(metric, {
      student: [nine, nine, six],
      labels: [0, 1, 0],
    });
    expect(calibrationError).toBeCloseTo(0.4, 6);
    if (typeof calibrationBins !== 'object' || calibrationBins.kind !== 'bins') throw new Error('no bins');
    expect(calibrationBins.bins).toHaveLength(10);
    expect(calibrationBins.bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(3);
    expect(calibrationBins.bins[0]).toEqual({ from: 0, to: 0.1, count: 0, confidence: NaN, accuracy: NaN });
  });

  it('puts a confidence on a border into the lower bin, and certainty into the last', async () => {
    const { calibrationBins } = feed(await make('calibration', { bins: 2 }), {
      student: [
        [0, 0],
        [100, 0],
      ],
      labels: [0, 0],
    });
    if (typeof calibrationBins !== 'object' || calibrationBins.kind !== 'bins') throw new Error('no bins');
    expect(calibrationBins.bins.map((bin) => bin.count)).toEqual([1, 1]);
  });

  it('is NaN when a score is NaN', async () => {
    const { calibrationError } = feed(await make('calibration'), {
      student: [
        [NaN, 1],
        [1, 0],
      ],
      labels: [0, 0],
    });
    expect(calibrationError).toBeNaN();
  });
});

describe('confusion', () => {
  it('has the truth in rows and the answer in columns', async () => {
    expect(feed(await make('confusion'), rows)).toEqual({
      confusion: {
        kind: 'matrix',
        rows: [
          [2, 0, 0],
          [1, 0, 1],
          [0, 0, 0],
        ],
      },
    });
  });
});

describe('metrics', () => {
  const names = metricComponents.map((component) => component.name);

  it.each(names)('%s gives NaN before anything was seen, and again after reset', async (name) => {
    const metric = await make(name);
    const empty = metric.result();
    const figures = Object.entries(empty).filter(
      ([key, value]) => typeof value === 'number' && key !== 'count',
    );
    for (const [, value] of figures) expect(value).toBeNaN();
    feed(metric, rows);
    expect(metric.result()).not.toEqual(empty);
    metric.reset();
    expect(metric.result()).toEqual(empty);
  });

  it.each(names)('%s takes an empty batch', async (name) => {
    const metric = await make(name);
    feed(metric, rows);
    const before = metric.result();
    feed(metric, { student: [], teacher: [], labels: [] });
    expect(metric.result()).toEqual(before);
  });

  it.each(names.filter((name) => name !== 'agreement' && name !== 'divergence'))(
    '%s is refused for data without a target',
    async (name) => {
      await expect(async () => make(name, {}, { ...data, target: undefined })).rejects.toThrow(
        `metric \`${name}\` compares with the truth, and the data name no target field`,
      );
    },
  );

  it('name the outputs that are there when theirs is not', async () => {
    const metric = await make('accuracy', { output: 'logit' });
    expect(() => feed(metric, rows)).toThrow('EVALUATE_TENSOR: student output `logit` is not there');
  });

  it('refuse a class beyond the scores', async () => {
    const metric = await make('accuracy');
    expect(() => feed(metric, { student: [[1, 0]], labels: [2] })).toThrow(
      'target field `label` holds class 2 at position 0 of the batch; the scores have classes 0 to 1',
    );
  });

  it('do not accept options that they do not have', async () => {
    await expect(make('top-k', { n: 3 })).rejects.toThrow(/n/);
  });

  it('do not depend on the order of examples or on how they are batched', async () => {
    const score = fc.float({ min: -8, max: 8, noNaN: true });
    const row = fc.tuple(
      fc.array(score, { minLength: 4, maxLength: 4 }),
      fc.array(score, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: -1, max: 3 }),
    );
    const close = (a: MetricValue | undefined, b: MetricValue | undefined) => {
      const flat = (value: MetricValue | undefined): number[] =>
        typeof value === 'number'
          ? [value]
          : value?.kind === 'matrix'
            ? value.rows.flat()
            : (value?.bins.flatMap((bin) => [bin.count, bin.confidence, bin.accuracy]) ?? []);
      const [left, right] = [flat(a), flat(b)];
      expect(left).toHaveLength(right.length);
      left.forEach((value, i) => {
        const other = right[i] as number;
        if (Number.isNaN(value)) expect(other).toBeNaN();
        else expect(Math.abs(value - other)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value)));
      });
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 20 }),
        fc.nat(),
        fc.integer({ min: 1, max: 20 }),
        async (all, turn, size) => {
          const shuffled = all.map((_, i) => all[(i * 7 + turn) % all.length] as (typeof all)[number]);
          // Seven and the length must have no common factor, or rows would be drawn twice.
          const other = all.length % 7 === 0 ? [...all].reverse() : shuffled;
          const take = (part: typeof all): Rows => ({
            student: part.map(([mine]) => mine),
            teacher: part.map(([, theirs]) => theirs),
            labels: part.map(([, , label]) => label),
          });
          for (const name of names) {
            const whole = await make(name);
            if (all.length > 0) feed(whole, take(all));
            const split = await make(name);
            for (let i = 0; i < other.length; i += size) feed(split, take(other.slice(i, i + size)));
            const [a, b] = [whole.result(), split.result()];
            expect(Object.keys(a)).toEqual(Object.keys(b));
            for (const key of Object.keys(a)) close(a[key], b[key]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
