// The metrics against numbers worked out by hand or with another program, and what holds for any data.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, DataDescription, HostTensor, HostTensors, Metric } from 'potstill';
import type { CalibrationBin } from '../../src/evaluate/calibration.js';
import { classMetrics } from '../../src/evaluate/components.js';
import { builtIn as make, data } from './built-in.js';

/** The same data without a truth. */
const { target: _target, ...unlabelled } = data;
const noTruth: DataDescription = unlabelled;

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

async function feed(
  metric: Metric,
  { student, teacher, labels }: Rows,
): Promise<Readonly<Record<string, number>>> {
  await metric.update({
    model: { logits: scores(student) },
    teacher: teacher === undefined ? {} : { logits: scores(teacher) },
    batch: batchOf(labels),
  });
  return metric.result();
}

interface Found {
  readonly figures: Readonly<Record<string, number>>;
  readonly artefacts: Readonly<Record<string, unknown>>;
  readonly perExample: readonly number[];
}

/** All that a metric found. */
async function found(metric: Metric): Promise<Found> {
  return {
    figures: await metric.result(),
    artefacts: metric.artefacts?.() ?? {},
    perExample: [...(metric.perExample?.()?.values ?? [])],
  };
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
    expect(await feed(await make('accuracy'), rows)).toEqual({ accuracy: 0.5, errors: 2, count: 4 });
  });

  it('counts a row with NaN as an error, even where the truth is class 0', async () => {
    expect(await feed(await make('accuracy'), { student: [[1, NaN, 0]], labels: [0] })).toEqual({
      accuracy: 0,
      errors: 1,
      count: 1,
    });
  });

  it('does not count an example whose truth is not known', async () => {
    expect(
      await feed(await make('accuracy'), {
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
    const model = { logits: scores([[1, 0]]), second: scores([[0, 1]]) };
    await metric.update({ model, teacher: {}, batch: batchOf([1]) });
    expect(metric.needs.model).toEqual(['second']);
    expect(await metric.result()).toEqual({ accuracy: 1, errors: 0, count: 1 });
  });

  it('counts every position of longer outputs, such as frames', async () => {
    const metric = await make('accuracy');
    await metric.update({
      model: { logits: { dtype: 'float32', shape: [1, 2, 2], data: Float32Array.of(1, 0, 1, 0) } },
      teacher: {},
      batch: {
        size: 1,
        indices: [0],
        tensors: { label: { dtype: 'int32', shape: [1, 2], data: Int32Array.of(0, 1) } },
      },
    });
    expect(await metric.result()).toEqual({ accuracy: 0.5, errors: 1, count: 2 });
  });
});

describe('numbers an example', () => {
  it('are what the figures add up to, NaN where the truth is not known', async () => {
    const values = async (name: string, given: Rows, options = {}) => {
      const metric = await make(name, options);
      await feed(metric, given);
      const { better, values } = metric.perExample?.() ?? {};
      return [better, ...(values ?? [])];
    };
    const unsure: Rows = { student, teacher, labels: [0, -1, 1, 0] };
    expect(await values('accuracy', unsure)).toEqual(['lower', 0, NaN, 1, 0]);
    expect(await values('top-k', unsure, { k: 1 })).toEqual(['higher', 1, NaN, 0, 1]);
    expect(await values('agreement', unsure)).toEqual(['higher', 1, 0, 0, 1]);
    const [better, first, unknown, ...rest] = await values('cross-entropy', unsure);
    expect(better).toBe('lower');
    expect(first).toBeCloseTo(0.40760596, 6);
    expect([unknown, ...rest]).toHaveLength(3);
    expect(unknown).toBeNaN();
    expect(await values('calibration', unsure)).toEqual([undefined]);
  });
});

describe('top-k', () => {
  it('finds the truth among the k highest, ties to the lowest class', async () => {
    // Ranks of the truths: 0, 1, 1, 0.
    expect(await feed(await make('top-k', { k: 1 }), rows)).toEqual({ top1: 0.5 });
    expect(await feed(await make('top-k', { k: 2 }), rows)).toEqual({ top2: 1 });
  });

  it('is 1 when k is the number of classes or more, but never where a score is NaN', async () => {
    expect(
      await feed(await make('top-k', { k: 9 }), {
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
    const { crossEntropy } = await feed(await make('cross-entropy'), rows);
    expect(crossEntropy).toBeCloseTo((0.40760596 + 2.16984602 + 0.8619948 + 1.09861229) / 4, 6);
  });

  it('does not overflow, and is infinite where the truth is ruled out', async () => {
    const large = await feed(await make('cross-entropy'), { student: [[1000, 0]], labels: [1] });
    expect(large.crossEntropy).toBe(1000);
    const never = await feed(await make('cross-entropy'), { student: [[0, -Infinity]], labels: [1] });
    expect(never.crossEntropy).toBe(Infinity);
  });
});

describe('agreement', () => {
  it("is the share of answers that are the teacher's, without labels", async () => {
    const metric = await make('agreement', {}, noTruth);
    expect(await feed(metric, { ...rows, labels: [9, 9, 9, 9] })).toEqual({ agreement: 0.5 });
  });

  it('counts NaN on both sides as no agreement', async () => {
    expect(
      await feed(await make('agreement'), { student: [[NaN, 1]], teacher: [[NaN, 1]], labels: [0] }),
    ).toEqual({
      agreement: 0,
    });
  });

  it('says so when student and teacher have other numbers of classes', async () => {
    const metric = await make('agreement');
    await expect(feed(metric, { student: [[1, 2]], teacher: [[1, 2, 3]], labels: [0] })).rejects.toThrow(
      'the student gives 1 rows of 2 scores, the teacher 1 rows of 3: they cannot be compared',
    );
  });
});

describe('divergence', () => {
  it('is the mean KL from teacher to student', async () => {
    // Softmax [0.9, 0.1] against [0.5, 0.5]: 0.9 log 1.8 + 0.1 log 0.2 = 0.36806421.
    const { divergence } = await feed(await make('divergence'), {
      student: [[0, 0]],
      teacher: [[Math.log(9), 0]],
      labels: [0],
    });
    expect(divergence).toBeCloseTo(0.9 * Math.log(1.8) + 0.1 * Math.log(0.2), 7);
  });

  it('softens both sides and carries the temperature in its name', async () => {
    // At T = 2 the odds 9:1 become 3:1.
    const { divergenceT2 } = await feed(await make('divergence', { temperature: 2 }), {
      student: [[0, 0]],
      teacher: [[Math.log(9), 0]],
      labels: [0],
    });
    expect(divergenceT2).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 7);
  });

  it('takes nothing from classes that the teacher rules out', async () => {
    const { divergence } = await feed(await make('divergence'), {
      student: [[0, 0]],
      teacher: [[0, -Infinity]],
      labels: [0],
    });
    expect(divergence).toBeCloseTo(Math.LN2, 12);
  });
});

const binsOf = (metric: Metric) => metric.artefacts?.().calibration as readonly CalibrationBin[];

describe('calibration', () => {
  it('weighs the gap of each bin by its count', async () => {
    // Confidences 0.9 (right), 0.9 (wrong), 0.6 (right); two bins hold them: |1 - 0.6| / 3 + 2 |0.5 - 0.9| / 3 = 0.4.
    const metric = await make('calibration', { bins: 10 });
    const nine = [Math.log(9), 0];
    const six = [Math.log(1.5), 0];
    const { calibrationError } = await feed(metric, {
      student: [nine, nine, six],
      labels: [0, 1, 0],
    });
    expect(calibrationError).toBeCloseTo(0.4, 6);
    const bins = binsOf(metric);
    expect(bins).toHaveLength(10);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(3);
    expect(bins[0]).toEqual({ from: 0, to: 0.1, count: 0, confidence: NaN, accuracy: NaN });
  });

  it('puts a confidence on a border into the lower bin, and certainty into the last', async () => {
    const metric = await make('calibration', { bins: 2 });
    await feed(metric, {
      student: [
        [0, 0],
        [100, 0],
      ],
      labels: [0, 0],
    });
    expect(binsOf(metric).map((bin) => bin.count)).toEqual([1, 1]);
  });

  it('is NaN when a score is NaN', async () => {
    const { calibrationError } = await feed(await make('calibration'), {
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
    const metric = await make('confusion');
    expect(await feed(metric, rows)).toEqual({});
    expect(metric.artefacts?.()).toEqual({
      confusion: [
        [2, 0, 0],
        [1, 0, 1],
        [0, 0, 0],
      ],
    });
  });
});

describe('metrics', () => {
  const names = classMetrics.map((component) => component.name);

  it.each(names)('%s gives NaN before anything was seen, and again after reset', async (name) => {
    const metric = await make(name);
    const empty = await found(metric);
    for (const [key, value] of Object.entries(empty.figures)) if (key !== 'count') expect(value).toBeNaN();
    await feed(metric, rows);
    expect(await found(metric)).not.toEqual(empty);
    metric.reset();
    expect(await found(metric)).toEqual(empty);
  });

  it.each(names)('%s takes an empty batch', async (name) => {
    const metric = await make(name);
    await feed(metric, rows);
    const before = await found(metric);
    await feed(metric, { student: [], teacher: [], labels: [] });
    expect(await found(metric)).toEqual(before);
  });

  it.each(names)('%s describes every figure that it gives, and no other', async (name) => {
    const metric = await make(name);
    const given = Object.keys(await feed(metric, rows));
    expect(metric.figures.map((figure) => figure.name)).toEqual(given);
    for (const figure of metric.perExample?.()?.figures ?? []) expect(given).toContain(figure);
  });

  it.each(names)('%s reads what it says that it needs, and nothing else', async (name) => {
    const metric = await make(name);
    const { model, teacher: theirs, batch } = metric.needs;
    const given = { logits: scores(student) };
    const only = (wanted: readonly string[], from: HostTensors): HostTensors =>
      Object.fromEntries(Object.entries(from).filter(([key]) => wanted.includes(key)));
    const { tensors, ...rest } = batchOf(labels);
    await metric.update({
      model: only(model, given),
      teacher: only(theirs, { logits: scores(teacher) }),
      batch: { ...rest, tensors: only(batch, tensors) },
    });
    const pruned = await found(metric);
    metric.reset();
    await feed(metric, rows);
    expect(pruned).toEqual(await found(metric));
  });

  it.each(names.filter((name) => name !== 'agreement' && name !== 'divergence'))(
    '%s is refused for data without a target',
    async (name) => {
      await expect(async () => make(name, {}, noTruth)).rejects.toThrow(
        `metric \`${name}\` compares with the truth, and the data name no target field`,
      );
    },
  );

  it('name the outputs that are there when theirs is not', async () => {
    const metric = await make('accuracy', { output: 'logit' });
    await expect(feed(metric, rows)).rejects.toThrow('EVALUATE_TENSOR: model output `logit` is not there');
  });

  it('refuse a class beyond the scores', async () => {
    const metric = await make('accuracy');
    await expect(feed(metric, { student: [[1, 0]], labels: [2] })).rejects.toThrow(
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
    const flat = ({ figures, artefacts }: Found): number[] => [
      ...Object.values(figures),
      ...((artefacts.confusion ?? []) as number[][]).flat(),
      ...((artefacts.calibration ?? []) as CalibrationBin[]).flatMap((bin) => [
        bin.count,
        bin.confidence,
        bin.accuracy,
      ]),
    ];
    const close = (a: Found, b: Found) => {
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
            if (all.length > 0) await feed(whole, take(all));
            const split = await make(name);
            for (let i = 0; i < other.length; i += size) await feed(split, take(other.slice(i, i + size)));
            const [a, b] = [await found(whole), await found(split)];
            expect(Object.keys(a.figures)).toEqual(Object.keys(b.figures));
            close(a, b);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
