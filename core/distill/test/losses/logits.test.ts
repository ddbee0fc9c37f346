// What the papers of the losses on logits claim, for all logits; values by hand where a reference is not to be trusted; messages.
import { lossComponents, type AnyComponent } from 'potstill';
import { int32, runLoss, type LossRun } from 'potstill/testing';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const component = (name: string) => lossComponents.find((each) => each.name === name) as AnyComponent;

type Rows = readonly (readonly number[])[];
interface Given {
  readonly z: Rows;
  readonly v: Rows;
  readonly labels?: readonly number[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly progress?: { readonly epoch?: number; readonly fraction?: number };
}

function run(name: string, { z, v, labels, options = {}, progress = {} }: Given): Promise<LossRun> {
  return runLoss(component(name), {
    options,
    progress,
    student: { logits: z },
    teacher: { logits: v },
    ...(labels ? { batch: { label: int32(labels) } } : {}),
  });
}

const valueOf = async (name: string, given: Given) => (await run(name, given)).value;
const gradientOf = ({ gradients }: LossRun) => Array.from(gradients.student.logits?.data ?? []);

/** Within single precision of numbers of this size. */
function close(got: number, expected: number, digits = 1e-5): void {
  expect(Math.abs(got - expected)).toBeLessThan(digits * (1 + Math.abs(expected)));
}

const number = fc.double({ min: -4, max: 4, noNaN: true }).map((x) => Math.fround(x));
/** Student's and teacher's logits of two to four rows and two to five classes, and a label for each row. */
const problem = fc
  .tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 5 }))
  .chain(([rows, classes]) => {
    const row = fc.array(number, { minLength: classes, maxLength: classes });
    const matrix = fc.array(row, { minLength: rows, maxLength: rows });
    const label = fc.integer({ min: 0, max: classes - 1 });
    return fc.record({ z: matrix, v: matrix, labels: fc.array(label, { minLength: rows, maxLength: rows }) });
  });

/** Holds for so many problems. */
async function always(holds: (given: Required<Pick<Given, 'z' | 'v' | 'labels'>>) => Promise<void>) {
  await fc.assert(fc.asyncProperty(problem, holds), { numRuns: 15 });
}

const map = (rows: Rows, change: (x: number, row: number) => number): Rows =>
  rows.map((row, i) => row.map((x) => change(x, i)));

describe.each([
  ['reverse-kl', Infinity],
  ['symmetric-kl', Infinity],
  ['skewed-kl', -Math.log(0.1)],
  ['skewed-reverse-kl', -Math.log(0.1)],
  ['jensen-shannon', Math.log(2)],
  ['total-variation', 1],
])('%s', (name, most) => {
  it(`lies between 0 and ${most}`, () =>
    always(async ({ z, v }) => {
      const value = await valueOf(name, { z: map(z, (x) => 20 * x), v: map(v, (x) => 20 * x) });
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(most * (1 + 1e-6));
    }));

  it('does not see a shift of a row of logits', () =>
    always(async ({ z, v }) => {
      const plain = await run(name, { z, v });
      const shifted = await run(name, { z: map(z, (x, row) => x + 3 * row), v: map(v, (x) => x - 5) });
      close(shifted.value, plain.value, 1e-4);
      gradientOf(shifted).forEach((each, i) => close(each, gradientOf(plain)[i] as number, 1e-4));
    }));

  it('has a gradient that adds up to 0 over the classes', () =>
    always(async ({ z, v }) => {
      const gradient = gradientOf(await run(name, { z, v }));
      const classes = z[0]?.length ?? 1;
      for (let i = 0; i < gradient.length; i += classes)
        close(
          gradient.slice(i, i + classes).reduce((sum, each) => sum + each, 0),
          0,
        );
    }));
});

describe('divergences', () => {
  it('are what the others are with student and teacher exchanged', () =>
    always(async ({ z, v }) => {
      const exchanged = { z: v, v: z };
      const forward = { options: { temperature: 1 } };
      close(
        await valueOf('reverse-kl', { z, v }),
        await valueOf('soft-targets', { ...exchanged, ...forward }),
      );
      close(await valueOf('skewed-reverse-kl', { z, v }), await valueOf('skewed-kl', exchanged));
      close(await valueOf('jensen-shannon', { z, v }), await valueOf('jensen-shannon', exchanged));
      close(await valueOf('symmetric-kl', { z, v }), await valueOf('symmetric-kl', exchanged));
    }));
});

describe('temperature', () => {
  const pair: Given = { z: [[1, 2, 0]], v: [[2, 0, 1]] };

  it('of rows is the base where all rows are alike', async () => {
    const alike = { z: [...pair.z, ...pair.z], v: [...pair.v, ...pair.v] };
    const expected = await valueOf('soft-targets', { ...alike, options: { temperature: 3 } });
    for (const by of ['flsw', 'cwsm'])
      close(await valueOf('soft-targets', { ...alike, options: { temperature: { by, base: 3 } } }), expected);
  });

  it('of rows is never below 1', async () => {
    const apart = {
      z: [
        [4, 0],
        [0, 4],
      ],
      v: [
        [4, 0],
        [4, 0],
      ],
    };
    const value = await valueOf('soft-targets', {
      ...apart,
      options: { temperature: { by: 'flsw', base: 1, beta: 100 } },
    });
    // The first row agrees; the second, at T = 1, is KL of (p, 1 - p) and its reverse, half of it in the mean.
    const p = 1 / (1 + Math.exp(-4));
    close(value, 0.5 * (2 * p - 1) * 4);
  });

  it('is learnt against the student, after its ramp alone', async () => {
    const at = async (epoch: number) => {
      const { gradients } = await run('soft-targets', {
        ...pair,
        options: { temperature: { by: 'curriculum' } },
        progress: { epoch },
      });
      return gradients.variables.temperature?.data[0] as number;
    };
    expect(Math.abs(await at(0))).toBe(0);
    close((await at(5)) * 2, await at(10));
    expect(await at(30)).toBe(await at(10));
  });

  it('is an option of every loss that has one', async () => {
    const options = { temperature: { by: 'schedule', from: 2, to: 4 } };
    for (const name of ['reverse-kl', 'dist', 'logit-standardization', 'universal-logit-distillation']) {
      const expected = await valueOf(name, { ...pair, options: { temperature: 3 } });
      close(await valueOf(name, { ...pair, options, progress: { fraction: 0.5 } }), expected);
    }
  });

  it('refuses what is none', async () => {
    for (const temperature of [0, -1, { by: 'nothing' }, { by: 'schedule', from: 1 }, { by: 'flsw', of: 2 }])
      await expect(run('soft-targets', { ...pair, options: { temperature } })).rejects.toThrow(/temperature/);
    const several = { z: pair.z, v: pair.v, options: { teacher: 'logits', temperature: { by: 'flsw' } } };
    await expect(run('binary-cross-entropy', several)).rejects.toThrow(/temperature/);
  });
});

describe('decoupled-knowledge-distillation', () => {
  it('is soft targets where the others weigh as much as they are likely', () =>
    always(async ({ z, v, labels }) => {
      const [own, theirs, label] = [z.slice(0, 1), v.slice(0, 1), labels.slice(0, 1)];
      const exponentials = (theirs[0] ?? []).map(Math.exp);
      const target = (exponentials[label[0] ?? 0] ?? 0) / exponentials.reduce((sum, x) => sum + x, 0);
      const options = { alpha: 1, beta: 1 - target, temperature: 1, warmup: 0 };
      close(
        await valueOf('decoupled-knowledge-distillation', { z: own, v: theirs, labels: label, options }),
        await valueOf('soft-targets', { z: own, v: theirs, options: { temperature: 1 } }),
      );
    }));
});

describe('dist-plus', () => {
  const features = { studentFeatures: 'f', teacherFeatures: 'f' };
  const two = (f: readonly number[]) => ({
    logits: [
      [1, 0],
      [0, 1],
    ],
    f: f.map((x) => [[[x, -x]]]),
  });

  it('is one minus the correlation of channels: 0 where they agree, 2 where they are opposed', async () => {
    const options = { ...features, inter: 0, intra: 0, spatial: 0 };
    const of = async (own: readonly number[]) =>
      (await runLoss(component('dist-plus'), { options, student: two(own), teacher: two([1, 2]) })).value;
    close(await of([3, 1]), 0);
    close(await of([-3, -1]), 2);
    close(await of([3, -1]), 1);
  });

  it('refuses maps of two shapes', async () => {
    const given = {
      options: features,
      student: { logits: [[1, 0]], f: [[[[1, 2]]]] },
      teacher: { logits: [[1, 0]], f: [[[[1, 2, 3]]]] },
    };
    await expect(runLoss(component('dist-plus'), given)).rejects.toThrow(
      "dist-plus: the student's output has shape [1,1,1,2], what it is compared with [1,1,1,3]",
    );
  });
});

describe('logit-standardization', () => {
  it('does not see where a row of logits lies and how wide it is', () =>
    always(async ({ z, v }) => {
      // Rows that are nearly constant have no width.
      const wide = (rows: Rows) => rows.map((row) => row.map((x, i) => x + 10 * i));
      const expected = await valueOf('logit-standardization', { z: wide(z), v: wide(v) });
      const other = map(wide(z), (x, row) => (row + 1) * 0.5 * x + 3);
      close(await valueOf('logit-standardization', { z: other, v: wide(v) }), expected, 1e-4);
    }));
});

describe('universal-logit-distillation', () => {
  it('does not see the order of the classes', () =>
    always(async ({ z, v }) => {
      const turned = z.map((row) => [...row.slice(1), row[0] as number]);
      close(
        await valueOf('universal-logit-distillation', { z: turned, v }),
        await valueOf('universal-logit-distillation', { z, v }),
      );
    }));

  it('takes another number of classes, and no other number of positions', async () => {
    await expect(
      run('universal-logit-distillation', {
        z: [[1, 2]],
        v: [
          [1, 2, 3],
          [1, 2, 3],
        ],
      }),
    ).rejects.toThrow(
      "universal-logit-distillation: the student's logits have shape [1,2], the teacher's [2,3]",
    );
  });
});

describe('truncated-soft-targets', () => {
  it('sees a store that kept as many classes as the teacher itself', () =>
    always(async ({ z, v }) => {
      const kept = v.map((row) => {
        const edge = [...row].sort((a, b) => b - a)[0] as number;
        const rest = row.filter((x) => x < edge);
        const mass = Math.log(rest.reduce((sum, x) => sum + Math.exp(x), 0) / rest.length);
        return row.map((x) => (x < edge ? mass : x));
      });
      const options = { top: 1 };
      close(
        await valueOf('truncated-soft-targets', { z, v: kept, options }),
        await valueOf('truncated-soft-targets', { z, v, options }),
      );
    }));

  it('wants a number of classes or a mass', async () => {
    await expect(run('truncated-soft-targets', { z: [[1, 2]], v: [[1, 2]] })).rejects.toThrow(
      'truncated-soft-targets: neither `top` nor `mass` is given',
    );
  });
});

describe('ranking', () => {
  it('sees the order of the teacher’s classes alone (logistic)', () =>
    always(async ({ z, v }) => {
      const steeper = map(v, (x) => 2 * x);
      close(
        await valueOf('logistic-ranking', { z, v: steeper }),
        await valueOf('logistic-ranking', { z, v }),
      );
    }));

  it('is 0 without a preference', async () => {
    const level = { z: [[1, 2, 3]], v: [[1, 1, 1]] };
    expect(await valueOf('logistic-ranking', level)).toBe(0);
    expect(await valueOf('hinge-ranking', level)).toBe(0);
  });
});

describe('streamlined-direction', () => {
  it('does not see the length of a row of logits', () =>
    always(async ({ z, v }) => {
      const away = (rows: Rows) => map(rows, (x) => x + 5);
      const longer = map(away(z), (x, row) => (row + 1) * x);
      close(
        await valueOf('streamlined-direction', { z: longer, v: away(v) }),
        await valueOf('streamlined-direction', { z: away(z), v: away(v) }),
        1e-4,
      );
    }));
});

describe('knowledge-adjustment', () => {
  it.each(['shift', 'smooth'])('is soft targets where the teacher is right (%s)', (by) =>
    always(async ({ z, v }) => {
      const labels = v.map((row) => row.indexOf(Math.max(...row)));
      close(
        await valueOf('knowledge-adjustment', { z, v, labels, options: { by } }),
        await valueOf('soft-targets', { z, v }),
      );
    }),
  );
});

describe('losses with counts', () => {
  const equal = { z: [[1, 2, 0]], v: [[2, 0, 1]], labels: [1], options: { counts: [5, 5, 5] } };

  it('are what they are without where classes are equally frequent', async () => {
    close(
      await valueOf('class-balanced-cross-entropy', equal),
      await valueOf('focal-loss', { ...equal, options: { gamma: 0 } }),
    );
    close(
      await valueOf('balanced-knowledge-distillation', equal),
      await valueOf('soft-targets', { ...equal, options: { temperature: 2 } }),
    );
  });

  it.each(['class-balanced-cross-entropy', 'balanced-knowledge-distillation'])(
    'want one a class (%s)',
    async (name) => {
      await expect(run(name, { ...equal, options: { counts: [5, 5] } })).rejects.toThrow(
        `${name}: \`counts\` has 2 numbers, the student’s logits have 3 classes`,
      );
    },
  );
});

describe('teacher-free-regularization', () => {
  it('is 0 where the student gives what the virtual teacher does', async () => {
    const given = { z: [[0.99 / 20, 0.005 / 20, 0.005 / 20]], v: [[0, 0, 0]], labels: [0] };
    close(await valueOf('teacher-free-regularization', given), 0);
  });
});

describe('focal-loss', () => {
  it('has a finite gradient where the student is sure', async () => {
    const sure = { z: [[60, 0]], v: [[0, 0]], labels: [0], options: { gamma: 0.5 } };
    expect(gradientOf(await run('focal-loss', sure)).every(Number.isFinite)).toBe(true);
  });
});
