// The loss components as a recipe uses them: options, needs and errors.
import { lossComponents, type Loss, type NamedTensors, type TensorSpecs } from 'potstill';
import { stepContext } from 'potstill/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeComponent, describedData, undescribed } from '../support/make-component.js';

beforeAll(() => tf.setBackend('cpu'));

const logits = (classes: number): TensorSpecs => ({ logits: { dtype: 'float32', shape: [classes] } });

async function make(
  name: string,
  options: Record<string, unknown> = {},
  classes = { student: 3, teacher: 3 },
): Promise<Loss> {
  const nothing = () => Promise.resolve();
  return (await makeComponent(lossComponents, name, options, {
    data: describedData,
    student: { outputs: logits(classes.student), variables: [], forward: () => ({}) },
    teacher: {
      outputs: logits(classes.teacher),
      fingerprint: 't',
      label: () => Promise.resolve({}),
      dispose: nothing,
    },
  })) as Loss;
}

function compute(
  loss: Loss,
  tensors: { student?: NamedTensors; teacher?: NamedTensors; batch?: NamedTensors },
): number {
  const zero = tf.scalar(0);
  const value = loss.compute({
    student: tensors.student ?? {},
    teacher: tensors.teacher ?? {},
    batch: tensors.batch ?? {},
    progress: { step: zero, epoch: zero, fraction: zero },
    at: stepContext(true),
  });
  return value.dataSync()[0] as number;
}

const z = tf.tensor2d([[1, 2, 3]]);
const label = tf.tensor1d([2], 'int32');

describe('cross-entropy', () => {
  it("reads the student's logits and the data's target", async () => {
    const loss = await make('cross-entropy');
    expect(loss.needs).toEqual({ student: ['logits'], teacher: [], batch: ['label'] });
    expect(compute(loss, { student: { logits: z }, batch: { label } })).toBeCloseTo(0.40761, 4);
  });

  it('says what labels should be', async () => {
    const loss = await make('cross-entropy');
    const given = { student: { logits: z }, batch: { label: tf.tensor2d([[1]]) } };
    expect(() => compute(loss, given)).toThrow(
      'cross-entropy: the target is float32 [1,1], expected int32 [1]',
    );
  });

  it('says what is there when a tensor is missing', async () => {
    const loss = await make('cross-entropy', { student: 'class' });
    expect(() => compute(loss, { student: { logits: z }, batch: { label } })).toThrow(
      'cross-entropy: the student has no tensor `class`',
    );
  });
});

describe.each(['soft-targets', 'logit-matching'])('%s', (name) => {
  it("reads the student's and the teacher's logits", async () => {
    const loss = await make(name, { teacher: 'dark' });
    expect(loss.needs).toEqual({ student: ['logits'], teacher: ['dark'], batch: [] });
    expect(compute(loss, { student: { logits: z }, teacher: { dark: z } })).toBe(0);
  });

  it('refuses another number of classes before anything runs', async () => {
    await expect(make(name, {}, { student: 3, teacher: 4 })).rejects.toThrow(
      `${name}: the student's \`logits\` has 3 classes, the teacher's \`logits\` has 4`,
    );
  });

  it('refuses logits of another shape, and of another rank', async () => {
    const loss = await make(name);
    expect(() => compute(loss, { student: { logits: z }, teacher: { logits: tf.zeros([2, 3]) } })).toThrow(
      `${name}: the student's logits have shape [1,3], the teacher's [2,3]`,
    );
    expect(() => compute(loss, { student: { logits: tf.zeros([3]) }, teacher: { logits: z } })).toThrow(
      `${name}: the student's logits have shape [3], expected [batch, ..., classes]`,
    );
  });
});

describe('soft-targets', () => {
  it('takes classes by name or index', async () => {
    const byName = await make('soft-targets', { classes: ['cat', 'cow'] });
    const byIndex = await make('soft-targets', { classes: [0, 2] });
    const given = { student: { logits: z }, teacher: { logits: tf.tensor2d([[2, 9, 1]]) } };
    expect(compute(byName, given)).toBe(compute(byIndex, given));
  });

  it.each([
    [['cat', 'dgo'], 'soft-targets: there is no class `dgo`'],
    [[0, 3], 'soft-targets: there is no class `3`'],
    [['cat', 0], 'soft-targets: class 0 is named twice in `classes`'],
  ])('refuses the classes %j', async (classes, message) => {
    await expect(make('soft-targets', { classes })).rejects.toThrow(message);
  });
});

describe('lossComponents', () => {
  it('describe every option and refuse unknown ones', () => {
    expect(lossComponents.flatMap(undescribed)).toEqual([]);
    for (const { options } of lossComponents) {
      expect(options.safeParse({ temprature: 4 }).success).toBe(false);
    }
  });
});
