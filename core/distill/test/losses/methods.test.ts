// What holds of every loss that is a published method: golden values, a recipe that trains, one example, one class, a teacher
// that is not finite.
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { lossComponents, type AnyComponent, type Method } from 'potstill';
import { checkGoldenCases, goldenCases, runLoss, runTiny, trialOf, type GoldenCase } from 'potstill/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { methodsPlugin } from './support/models.js';
import { aloneNotFinite, infinityIsMeant, notZeroAtTeacher, singular } from './support/exceptions.js';

beforeAll(() => tf.setBackend('cpu'));

const fileOf = (name: string) => new URL(`../../../../test/golden/methods/${name}.json`, import.meta.url);

type Tensors = GoldenCase['student'];
const first = (name: string): GoldenCase => goldenCases(fileOf(name))[0] as GoldenCase;
const mapTensors = (tensors: Tensors, change: (one: Tensors[string]) => Tensors[string]): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, change(one)]));

/** The first example of each tensor. */
const oneExample = (tensors: Tensors) =>
  mapTensors(tensors, ({ dtype, shape, data }) => ({
    dtype,
    shape: [1, ...shape.slice(1)],
    data: data.slice(0, data.length / (shape[0] as number)),
  }));

/** Keeps the first number of the last axis. */
const firstOfLast = ({ dtype, shape, data }: Tensors[string]): Tensors[string] => ({
  dtype,
  shape: [...shape.slice(0, -1), 1],
  data: data.filter((_, i) => i % (shape.at(-1) as number) === 0),
});

/** The class of everything, where there is one class. */
const zeroIfIndex = (dtype: string) => (each: Tensors[string]['data'][number]) =>
  dtype === 'int32' ? 0 : each;

/** Registers a test where it applies: a property that a method does not claim is not a test that is skipped. */
const itIf = (applies: boolean) => (applies ? it : (): void => undefined);

describe.each(lossComponents.map((each): [string, AnyComponent] => [each.name, each]))(
  '%s',
  (name, component) => {
    const method = component.method as Method;

    it('cites its paper', () => {
      expect(component.method, 'a loss of potstill says which method it is').toBeDefined();
      expect(method.url).toMatch(/^https:/);
    });

    it('has the values and gradients of PyTorch', async () => {
      expect(existsSync(fileOf(name)), `test/golden/methods/${name}.json is missing`).toBe(true);
      expect(readFileSync(fileOf(name), 'utf8')).toMatch(
        /"madeBy": "test\/golden\/methods\/\w+\.py, PyTorch/,
      );
      await checkGoldenCases(component, fileOf(name));
    });

    it('reads what its method says', async () => {
      const { student, teacher } = first(name);
      expect(Object.keys(teacher).length > 0 || method.teacher.length === 0 || method.labels === true).toBe(
        true,
      );
      expect(Object.keys(student).length).toBeGreaterThan(0);
    });

    it('is finite for a single example', async () => {
      const one = first(name);
      const trial = trialOf({
        ...one,
        student: oneExample(one.student),
        teacher: oneExample(one.teacher),
        batch: oneExample(one.batch),
      });
      const { value } = await runLoss(component, trial);
      expect(Number.isFinite(value), String(value)).toBe(!aloneNotFinite.has(name));
    });

    itIf(method.teacher.length > 0)('does not hide a teacher that is not finite', async () => {
      for (const wrong of ['nan', 'inf'] as const) {
        if (wrong === 'inf' && infinityIsMeant[name] !== undefined) continue;
        const one = goldenCases(fileOf(name)).find(
          ({ teacher }) => Object.keys(teacher).length > 0,
        ) as GoldenCase;
        const teacher = mapTensors(one.teacher, (each) => ({
          ...each,
          data: each.data.map(() => wrong),
        }));
        const { value } = await runLoss(component, trialOf({ ...one, teacher }));
        expect(Number.isFinite(value), `all of the teacher is ${wrong}: the loss is ${value}`).toBe(false);
      }
    });

    itIf(method.teacher.length > 0 && method.sameShape === true)(
      'is 0 where the student equals the teacher',
      async () => {
        const one = goldenCases(fileOf(name)).find(
          ({ teacher }) => Object.keys(teacher).length > 0,
        ) as GoldenCase;
        const teachers = Object.values(one.teacher);
        const student = Object.fromEntries(
          Object.entries(one.student).map(([key, each], i) => [key, one.teacher[key] ?? teachers[i] ?? each]),
        );
        const { value } = await runLoss(component, trialOf({ ...one, student }));
        const reason = notZeroAtTeacher[name];
        if (reason === undefined) expect(Math.abs(value)).toBeLessThan(1e-5);
        else
          expect(Math.abs(value), `it is 0, though the list of exceptions says: ${reason}`).toBeGreaterThan(
            1e-5,
          );
      },
    );

    itIf(method.student.includes('logits') && !singular.has(name))('takes a single class', async () => {
      const one = first(name);
      const wide = Object.values(one.student)[0]?.shape.join();
      const narrow = (tensors: Tensors) =>
        mapTensors(tensors, (each) =>
          each.shape.join() === wide
            ? firstOfLast(each)
            : { ...each, data: each.data.map(zeroIfIndex(each.dtype)) },
        );
      const { classes: _, ...options } = one.options;
      const trial = trialOf({
        ...one,
        options,
        student: narrow(one.student),
        teacher: narrow(one.teacher),
        batch: narrow(one.batch),
      });
      const { value } = await runLoss(component, trial);
      expect(Number.isFinite(value), String(value)).toBe(true);
    });

    it('trains from the recipe fragment of its documentation', async () => {
      const { example } = method;
      const use = typeof example === 'string' ? { use: example } : example;
      expect(use.use).toBe(name);
      const run = await runTiny({
        plugin: methodsPlugin,
        recipe: {
          student: 'methods/student',
          teacher: { use: 'methods/teacher', size: method.sameShape === true ? 'small' : 'large' },
          losses: [
            { use: 'cross-entropy', weight: 0.5 },
            { ...use, weight: 0.5, name: 'method' },
          ],
          // Large enough that a constant of its square is refused.
          train: { epochs: 1, batch: 60, optimizer: 'adam', rate: 0.01, seed: 1 },
        },
      });
      try {
        const last = run.events.filter(({ event }) => event === 'epoch').at(-1);
        expect(JSON.stringify(last)).toMatch(/"loss\.method":-?[\d.e-]+/);
      } finally {
        await rm(run.folder, { recursive: true, force: true });
      }
    });
  },
);
