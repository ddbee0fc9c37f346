// The public door `potstill/testing`, as a plugin's tests use it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  definePlugin,
  logitMatching,
  loss,
  lossComponents,
  metric,
  metricComponents,
  transform,
} from 'potstill';
import {
  allClose,
  applyTransform,
  checkGoldenCases,
  checkGradients,
  golden,
  int32,
  makeComponent,
  runLoss,
  runMetric,
  runTiny,
  tinyDataset,
  tinyStudent,
  tinyTeacher,
} from 'potstill/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

const component = (list: typeof lossComponents, name: string) => {
  const found = list.find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

describe('allClose', () => {
  it('takes numbers, nested arrays, typed arrays, host tensors and TF.js tensors', () => {
    allClose(1, 1 + 1e-7);
    allClose([[1, 2]], tf.tensor2d([[1, 2]]));
    allClose(Float32Array.of(1, 2), [[1, 2]]);
    allClose(int32([3]), [3]);
    allClose([NaN, Infinity], [NaN, Infinity]);
  });

  it('names the elements that differ, by their place', () => {
    const error = () =>
      allClose(
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 2],
          [3.5, NaN],
        ],
      );
    expect(error).toThrow(/^2 of 4 elements differ, shape \[2, 2\]\n {2}at \[1, 0\]: got 3, expected 3.5 /);
    expect(error).toThrow(/at \[1, 1\]: got 4, expected NaN/);
  });

  it('refuses another shape', () => {
    expect(() => allClose([1, 2], [[1, 2]])).toThrow('shapes differ: got [2], expected [1, 2]');
    expect(() => allClose(Float32Array.of(1), [1, 2])).toThrow(/shapes differ/);
  });
});

describe('runLoss', () => {
  const [student, teacher] = [[[1, 2, 0]], [[0, 2, 4]]];

  it('gives the value and the gradient in the student’s outputs', async () => {
    const trial = { options: { center: false }, student: { logits: student }, teacher: { logits: teacher } };
    const { value, gradients } = await runLoss(component(lossComponents, 'logit-matching'), trial);
    allClose(value, (1 + 0 + 16) / 6);
    allClose(gradients.student.logits ?? [], [[1 / 3, 0, -4 / 3]]);
  });

  it('gives the gradient in the loss’s own variables, and zeros where an output does not count', async () => {
    const scaled = loss('acme/scaled', {
      help: 'with a variable',
      options: z.strictObject({}),
      create() {
        const scale = tf.variable(tf.scalar(3));
        return {
          needs: { student: ['logits'], teacher: [], batch: [] },
          variables: [{ name: 'scale', variable: scale }],
          compute: (at) => tf.mul(tf.sum(at.student.logits as tf.Tensor), scale),
        };
      },
    });
    const { value, gradients } = await runLoss(scaled, { student: { logits: student, hidden: [[7]] } });
    allClose(value, 9);
    allClose(gradients.variables.scale ?? [], 3);
    allClose(gradients.student.hidden ?? [], [[0]]);
  });

  it('says which input a loss needs that the test does not give', async () => {
    const run = runLoss(component(lossComponents, 'cross-entropy'), { student: { logits: student } });
    await expect(run).rejects.toThrow('`cross-entropy` needs batch.label; the test gives none');
  });

  it('refuses options that the loss does not have', async () => {
    const trial = { options: { temprature: 2 }, student: { logits: student } };
    await expect(runLoss(component(lossComponents, 'soft-targets'), trial)).rejects.toThrow(/temprature/);
  });
});

describe('checkGoldenCases', () => {
  const tensor = (data: number[], shape = [1, data.length]) => ({ dtype: 'float32', shape, data });
  const right = {
    name: 'by hand',
    options: { center: false },
    student: { logits: tensor([1, 3]) },
    teacher: { logits: tensor([0, 1]) },
    value: (1 + 4) / 4,
    gradients: { student: { logits: tensor([0.5, 1]) } },
  };
  const matching = () => component(lossComponents, 'logit-matching');
  const check = async (change: object) => {
    const folder = await mkdtemp(join(tmpdir(), 'golden-cases-'));
    try {
      const file = join(folder, 'cases.json');
      await writeFile(file, JSON.stringify({ madeBy: 'hand', cases: [{ ...right, ...change }] }));
      await checkGoldenCases(matching(), file);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  it('passes the right numbers', () => check({}));

  it.each<[object, RegExp]>([
    [
      { value: 1.2501 },
      /cases\.json, case `by hand`: value: 1 of 1 numbers differ by more than 0\.00001 of the largest; number 0 is 1\.25, expected 1\.2501/,
    ],
    [
      { gradients: { student: { logits: tensor([0.5, 1.1]) } } },
      /gradient in `logits`: 1 of 2 numbers differ .* number 1 is 1, expected 1\.1/,
    ],
    [{ gradients: {} }, /the file has no gradient of `logits`/],
    [
      { gradients: { student: { logits: tensor([0.5, 1], [2]) } } },
      /gradient in `logits`: shape \[1, 2\], expected \[2\]/,
    ],
    [{ variables: { bank: tensor([1]) } }, /`logit-matching` has no variable `bank`; it has none/],
    [{ after: { bank: tensor([1]) } }, /`bank` afterwards: shape \[0\], expected \[1, 1\]/],
  ])('refuses %j', async (change, message) => {
    await expect(check(change)).rejects.toThrow(message);
  });
});

describe('checkGradients', () => {
  const trial = { student: { logits: [[0.3, -0.2, 0.8]] }, teacher: { logits: [[0, 1, -1]] } };

  it('passes a loss whose gradient is its derivative', async () => {
    await checkGradients(component(lossComponents, 'logit-matching'), trial);
    await checkGradients(component(lossComponents, 'cross-entropy'), {
      student: trial.student,
      batch: { label: int32([2]) },
    });
  });

  it('undoes what a loss assigns to its variables between two values', async () => {
    const running = loss('acme/running', {
      help: 'distance from a mean that moves',
      options: z.strictObject({}),
      create: () => {
        const mean = tf.variable(tf.zeros([3]));
        return {
          needs: { student: ['logits'], teacher: ['logits'], batch: [] },
          variables: [{ name: 'mean', variable: mean, trainable: false }],
          compute(at) {
            mean.assign(tf.add(mean, tf.mean(at.teacher.logits as tf.Tensor2D, 0)));
            return tf.mean(tf.square(tf.sub(at.student.logits as tf.Tensor2D, mean)));
          },
        };
      },
    });
    await checkGradients(running, trial);
  });

  it('finds a gradient that is wrong by a factor', async () => {
    const wrong = loss('acme/wrong', {
      help: 'wrong by a factor',
      options: z.strictObject({}),
      create: () => ({
        needs: { student: ['logits'], teacher: ['logits'], batch: [] },
        compute(at) {
          const value = logitMatching(at.student.logits as tf.Tensor2D, at.teacher.logits as tf.Tensor2D);
          const double = tf.customGrad((x) => ({
            value: x as tf.Tensor,
            gradFunc: (dy: tf.Tensor) => tf.mul(dy, 2),
          }));
          return double(value) as tf.Scalar;
        },
      }),
    });
    await expect(checkGradients(wrong, trial)).rejects.toThrow(
      /^gradient in student output `logits`, against finite differences: 2 of 3 elements differ/,
    );
  });
});

describe('runMetric', () => {
  it('streams the batches and gives the values by name', async () => {
    const batches = [
      { model: { logits: [[1, 0, 0]] }, batch: { label: int32([0]) } },
      {
        model: {
          logits: [
            [1, 0, 0],
            [0, 0, 1],
          ],
        },
        batch: { label: int32([1, 2]) },
      },
    ];
    const values = await runMetric(component(metricComponents, 'accuracy'), { batches });
    expect(values).toEqual({ accuracy: 2 / 3, errors: 1, count: 3 });
  });

  it('tells of an error in create as a run would', async () => {
    const broken = metric('acme/broken', {
      help: 'cannot be made',
      options: z.strictObject({}),
      create: () => {
        throw new Error('no table');
      },
    });
    await expect(runMetric(broken, { batches: [] })).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: expect.stringMatching(/`acme\/broken`.*no table/) as string,
    });
  });
});

describe('applyTransform', () => {
  const shaking = (random: boolean, spoil = false) =>
    transform('acme/shake', {
      help: 'adds noise',
      options: z.strictObject({}),
      create: () => ({
        fingerprint: 'shake',
        random,
        apply(example, stream) {
          const x = example.x as { dtype: 'float32'; shape: number[]; data: Float32Array };
          if (spoil) x.data.fill(0);
          const noise = stream.normal(x.data.length);
          return { ...example, x: { ...x, data: x.data.map((each, i) => each + (noise[i] as number)) } };
        },
      }),
    });

  it('gives the same result for the same seed', async () => {
    const example = { x: [1, 2] };
    const first = await applyTransform(shaking(true), { example, seed: 3 });
    expect(await applyTransform(shaking(true), { example, seed: 3 })).toEqual(first);
    expect(await applyTransform(shaking(true), { example, seed: 4 })).not.toEqual(first);
  });

  it('refuses one that hides its randomness or changes what it is given', async () => {
    await expect(applyTransform(shaking(false), { example: { x: [1] } })).rejects.toThrow(
      /says `random: false`/,
    );
    await expect(applyTransform(shaking(true, true), { example: { x: [1] } })).rejects.toThrow(
      /changed the example/,
    );
  });
});

describe('makeComponent', () => {
  it('refuses another kind, and says how to give an engine', async () => {
    const accuracy = component(metricComponents, 'accuracy');
    await expect(makeComponent('schedule', accuracy, {})).rejects.toThrow(
      '`accuracy` is a metric, not a schedule',
    );
    const hungry = metric('acme/hungry', {
      help: 'reads the engine',
      options: z.strictObject({}),
      create(_options, services) {
        throw new Error(`internal: ${typeof services.engine}`);
      },
    });
    await expect(makeComponent('metric', hungry, { data: tinyDataset() })).rejects.toThrow(/gives no engine/);
  });
});

describe('golden', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('writes on request, then holds values against the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'potstill-golden-'));
    const file = join(folder, 'values.json');
    try {
      expect(() => golden(file, { loss: 1 })).toThrow(
        /is missing. Run with POTSTILL_UPDATE_GOLDEN=1 to write it/,
      );
      vi.stubEnv('POTSTILL_UPDATE_GOLDEN', '1');
      golden(file, { loss: 1, gradient: [[1, 2]] });
      vi.unstubAllEnvs();
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
        gradient: { shape: [1, 2], data: [1, 2] },
      });
      golden(file, { loss: 1, gradient: [[1, 2]] });
      expect(() => golden(file, { loss: 1.1, gradient: [[1, 2]] })).toThrow(
        /`loss` of .*values.json: 1 of 1/,
      );
      expect(() => golden(file, { loss: 1 })).toThrow(/holds other values/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the tiny task', () => {
  it('is learnt by the tiny teacher, and the student fits the data', async () => {
    const data = tinyDataset({ size: 50 });
    const batch = await data.batch?.([...Array(50).keys()]);
    if (!batch) throw new Error('no batch');
    const answers = await tinyTeacher().label(batch);
    const outputs = tinyStudent().forward(
      { x: tf.tensor(batch.tensors.x?.data ?? [], [50, 6]) },
      { training: false, random: undefined as never },
    );
    expect(outputs.logits?.shape).toEqual([50, 3]);
    const values = await runMetric(component(metricComponents, 'accuracy'), {
      batches: [{ model: answers, batch: batch.tensors }],
    });
    expect(values.accuracy).toBeGreaterThan(0.7);
  });
});

describe('runTiny', () => {
  it('runs a recipe with the plugin under test', async () => {
    const asked: number[] = [];
    const plugin = definePlugin({
      name: '@acme/potstill-losses',
      version: '1.0.0',
      potstill: '*',
      components: [
        loss('acme/squares', {
          help: 'mean squared difference',
          needsTeacher: true,
          options: z.strictObject({}),
          create: () => ({
            needs: { student: ['logits'], teacher: ['logits'], batch: [] },
            compute(at) {
              asked.push(1);
              const [z, v] = [at.student.logits as tf.Tensor, at.teacher.logits as tf.Tensor];
              return tf.mean(tf.squaredDifference(z, v));
            },
          }),
        }),
      ],
    });
    const { summary, folder, runFolder, events } = await runTiny({
      plugin,
      recipe: { losses: ['acme/squares'] },
    });
    try {
      expect(asked.length).toBeGreaterThan(0);
      expect(summary.student.figures.errors).toBeTypeOf('number');
      expect(events.at(-1)).toMatchObject({ event: 'done', runFolder });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('ends with the errors of a run', async () => {
    const plugin = definePlugin({ name: 'empty', version: '1.0.0', potstill: '*', components: [] });
    await expect(runTiny({ plugin, recipe: { losses: ['acme/none'] } })).rejects.toMatchObject({
      code: 'RECIPE_UNKNOWN_COMPONENT',
    });
  });
});
