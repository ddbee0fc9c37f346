// Gradient accumulation: k parts are one batch, exactly resumable, on every backend.
import {
  adamw,
  averaged,
  clipByGlobalNorm,
  maxNorm,
  sgd,
  type HostTensor,
  type HostTensors,
  type Optimizer,
} from '@potstill/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { everyEngine } from '../helpers/backends.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { tensorsClose } from '../helpers/close.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

const engines = await everyEngine();
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

/** Examples `from` to `to` of a batch. */
function part(batch: HostTensors, from: number, to: number): HostTensors {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { dtype, shape, data }]) => {
      const row = data.length / (shape[0] as number);
      return [
        name,
        {
          dtype,
          shape: [to - from, ...shape.slice(1)],
          data: data.slice(from * row, to * row),
        } as HostTensor,
      ];
    }),
  );
}

const optimizers: [string, () => Optimizer][] = [
  ['momentum', () => sgd({ momentum: 0.9 })],
  ['AdamW under clipping', () => clipByGlobalNorm(adamw(), 0.5)],
  ['max-norm and an average', () => averaged(maxNorm(sgd(), 1), 0.5)],
];

describe.each(engines.map((engine) => [engine.backend, engine] as const))(
  'accumulate on %s',
  (_backend, engine) => {
    it.each(optimizers)('three parts of a batch are one batch: %s', async (_, optimizer) => {
      const whole = mlp([6, 8, 3], optimizer());
      const parts = mlp([6, 8, 3], optimizer());
      const one = await engine.training(whole.definition);
      const many = await engine.training({ ...parts.definition, accumulate: 3 });
      for (let i = 0; i < 4; i++) {
        const batch = mlpBatch(12, undefined, i);
        const { loss } = await one.train(batch, { rate: 0.1 / (i + 1) });
        let sum = 0;
        for (const from of [0, 4, 8])
          // Rates of parts that do not update do not count.
          sum += (await many.train(part(batch, from, from + 4), { rate: from === 8 ? 0.1 / (i + 1) : 7 }))
            .loss;
        expect(sum / 3).toBeCloseTo(loss, 5);
        const [expected, got] = [await one.snapshot(), await many.snapshot()];
        tensorsClose(got.variables, expected.variables, { absolute: 1e-5, relative: 1e-4 });
        const gathered = Object.entries(got.slots).filter(([name]) => name.endsWith('/accumulated'));
        expect(gathered.length).toBe(4);
        for (const [, { data }] of gathered) expect(data.every((value) => value === 0)).toBe(true);
        const slots = Object.entries(got.slots).filter(([name]) => !name.endsWith('/accumulated'));
        tensorsClose(Object.fromEntries(slots), expected.slots, { absolute: 1e-5, relative: 1e-4 });
      }
      expect([one.step, many.step]).toEqual([4, 12]);
      for (const each of [one, many, whole, parts]) await each.dispose();
    });

    it('leaves weights alone until the last part, whatever the sizes of the parts', async () => {
      const model = mlp();
      const session = await engine.training({ ...model.definition, accumulate: 3 });
      const before = await session.snapshot();
      await session.train(mlpBatch(4), { rate: 0.1 });
      await session.train(mlpBatch(1), { rate: 0.1 });
      const between = await session.snapshot();
      expect(between.variables).toEqual(before.variables);
      expect(between.slots['layer0/kernel/velocity']).toEqual(before.slots['layer0/kernel/velocity']);
      await session.train(mlpBatch(2), { rate: 0.1 });
      expect((await session.snapshot()).variables).not.toEqual(before.variables);
      for (const each of [session, model]) await each.dispose();
    });

    it('goes on from the middle of an update as if never interrupted, statistics and dropout too', async () => {
      const run = async (stopAfter: number | undefined) => {
        let model = cnn({ optimizer: adamw() });
        let session = await engine.training({ ...model.definition, accumulate: 2 });
        for (let i = 0; i < 6; i++) {
          if (i === stopAfter) {
            const state = await session.snapshot();
            for (const each of [session, model]) await each.dispose();
            model = cnn({ optimizer: adamw() });
            session = await engine.training({ ...model.definition, accumulate: 2 });
            await session.restore(state);
          }
          await session.train(cnnBatch(3, i), { rate: 0.01 });
        }
        const state = await session.snapshot();
        for (const each of [session, model]) await each.dispose();
        return state;
      };
      const through = await run(undefined);
      expect(await run(3)).toEqual(through);
      expect(await run(4)).toEqual(through);
    });

    it('discards a part that is not finite, and keeps what was gathered before it', async () => {
      const model = mlp();
      const session = await engine.training({ ...model.definition, accumulate: 2 });
      await session.train(mlpBatch(4), { rate: 0.1 });
      const before = await session.snapshot();
      const bad = mlpBatch(4);
      (bad.x as HostTensor).data.fill(NaN);
      expect((await session.train(bad, { rate: 0.1 })).finite).toBe(false);
      expect(await session.snapshot()).toEqual(before);
      for (const each of [session, model]) await each.dispose();
    });

    it.each([0, 1.5, -2, NaN])('refuses accumulate: %d', async (accumulate) => {
      const model = mlp();
      await expect(engine.training({ ...model.definition, accumulate })).rejects.toMatchObject({
        code: 'ENGINE_OPTION',
        message: `accumulate is ${accumulate}, it must be a whole number of at least 1`,
      });
      model.dispose();
    });

    it('refuses an optimiser with a slot of that name', async () => {
      const slots = [{ name: 'accumulated', shape: 'variable', fill: 0 }] as const;
      const model = mlp([6, 3], { ...sgd(), name: 'mine', slots });
      await expect(engine.training(model.definition)).rejects.toThrow(
        'optimizer mine: a slot cannot be called `accumulated`',
      );
      model.dispose();
    });
  },
);
