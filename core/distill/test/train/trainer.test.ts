// Training: the same bytes for the same seed, through any number of interruptions.
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { averaged, sgd } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import type { Loss, RunEvent } from 'potstill';
import { readCheckpoint, readWeights, type Checkpoint } from '../../src/train/checkpoint.js';
import type { TrainingSource } from '../../src/train/source.js';
import { hard, temporaryFolder, tinySource, tinyStudent, trainTiny } from './tiny.js';
import { randomStream } from '@potstill/engine';

const folders: string[] = [];
async function folder(): Promise<string> {
  const made = await temporaryFolder();
  folders.push(made);
  return made;
}
afterEach(async () => {
  for (const made of folders.splice(0)) await rm(made, { recursive: true, force: true });
});

const lastOf = (path: string) => readFile(join(path, 'last.safetensors'));
async function checkpointOf(path: string): Promise<Checkpoint> {
  return (await readCheckpoint(join(path, 'last.safetensors'))) as Checkpoint;
}

/** Aborts once `batches` batches of the whole training were handed out; the one after is not trained on. */
function abortAfter(source: TrainingSource, batches: number, controller: AbortController): TrainingSource {
  let given = 0;
  return {
    ...source,
    async *epoch(...args) {
      for await (const item of source.epoch(...args)) {
        if (given++ === batches) controller.abort();
        yield item;
      }
    },
  };
}

describe('train', () => {
  let whole: Buffer;
  beforeEach(async () => {
    if (whole) return;
    const path = await folder();
    await trainTiny({ folder: path });
    whole = await lastOf(path);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const [again, other] = [await folder(), await folder()];
    await trainTiny({ folder: again });
    await trainTiny({ folder: other, seed: 2 });
    expect(await lastOf(again)).toEqual(whole);
    expect(await lastOf(other)).not.toEqual(whole);
  });

  it.each([0, 1, 4, 5, 7, 14])(
    'gives the same bytes when it is stopped after %i batches and resumed',
    async (batches) => {
      const path = await folder();
      const controller = new AbortController();
      const source = abortAfter(tinySource(70, 16, randomStream(1)), batches, controller);
      await expect(trainTiny({ folder: path }, { source, signal: controller.signal })).rejects.toMatchObject({
        code: 'TRAIN_INTERRUPTED',
      });
      expect((await checkpointOf(path)).state.step).toBe(batches);
      await trainTiny({ folder: path }, { resume: true });
      expect(await lastOf(path)).toEqual(whole);
    },
  );

  it.each([4, 5, 6])(
    'accumulates and averages to the same bytes when it is stopped after %i batches and resumed',
    async (batches) => {
      const change = {
        accumulate: 3,
        optimizer: averaged(sgd({ momentum: 0.9 }), 0.9),
        weights: 'average',
      } as const;
      const [through, path] = [await folder(), await folder()];
      await trainTiny({ folder: through }, change);
      const controller = new AbortController();
      const source = abortAfter(tinySource(70, 16, randomStream(1)), batches, controller);
      await expect(
        trainTiny({ folder: path }, { ...change, source, signal: controller.signal }),
      ).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
      await trainTiny({ folder: path }, { ...change, resume: true });
      expect(await lastOf(path)).toEqual(await lastOf(through));
      const { state } = await checkpointOf(path);
      const best = await readWeights(join(path, 'best.safetensors'));
      expect(best.variables['logits/kernel']).toEqual(state.slots['logits/kernel/average']);
      expect(best.variables.mean).toEqual(state.variables.mean);
    },
  );

  it('gives the same bytes however often it writes checkpoints', async () => {
    const path = await folder();
    await trainTiny({ folder: path }, { checkpointEvery: { steps: 1 } });
    expect(await lastOf(path)).toEqual(whole);
  });

  it('does nothing more when a finished training is resumed', async () => {
    const path = await folder();
    const first = await trainTiny({ folder: path });
    const events: RunEvent[] = [];
    const second = await trainTiny({ folder: path, events }, { resume: true });
    expect(second).toEqual(first);
    expect(events).toEqual([]);
    expect(await lastOf(path)).toEqual(whole);
  });

  it('trains on the last, smaller batch, and weighs it by its size in the mean loss', async () => {
    const path = await folder();
    const { steps, history } = await trainTiny({ folder: path }, { size: 17, batch: 16, epochs: 1 });
    expect(steps).toBe(2);
    expect(Object.keys(history[0]?.metrics ?? {}).sort()).toEqual(['loss', 'loss.hard', 'loss.soft', 'rate']);
    const alone = await trainTiny({ folder: await folder() }, { size: 1, batch: 16, epochs: 1 });
    expect(alone.steps).toBe(1);
  });

  it('keeps loss variables in the checkpoint, trains them, and leaves them out of the best weights', async () => {
    const path = await folder();
    await trainTiny({ folder: path });
    const { state } = await checkpointOf(path);
    const scale = state.variables['losses/soft/scale'];
    expect(scale?.data[0]).not.toBe(1);
    expect(Object.keys(state.slots)).toContain('losses/soft/scale/velocity');
    const best = await readWeights(join(path, 'best.safetensors'));
    expect(Object.keys(best.variables).sort()).toEqual([
      'hidden/bias',
      'hidden/kernel',
      'logits/bias',
      'logits/kernel',
      'mean',
    ]);
    for (const [name, tensor] of Object.entries(best.variables))
      expect(tensor).toEqual(state.variables[name]);
  });

  it('weighs losses by number and by schedule', async () => {
    const one: Loss = { needs: hard.needs, compute: (at) => hard.compute(at) };
    const constant: Loss = { needs: { student: [], teacher: [], batch: [] }, compute: () => tf.scalar(1) };
    const seen: number[] = [];
    const { history } = await trainTiny(
      { folder: await folder() },
      {
        epochs: 1,
        losses: [
          { name: 'one', loss: one, weight: 0 },
          {
            name: 'constant',
            loss: constant,
            weight: ({ step, steps, stepsPerEpoch }) => {
              seen.push(step, steps, stepsPerEpoch);
              return step + 1;
            },
          },
        ],
        size: 48,
      },
    );
    expect(seen).toEqual([0, 3, 3, 1, 3, 3, 2, 3, 3]);
    expect(history[0]?.metrics.loss).toBeCloseTo(2, 6);
    expect(history[0]?.metrics['loss.constant']).toBe(1);
  });

  it('keeps the weights of the best epoch by the metric chosen', async () => {
    const path = await folder();
    const kept: Buffer[] = [];
    const values = [0.3, 0.7, 0.7];
    const result = await trainTiny(
      { folder: path },
      {
        select: { by: 'figure', name: 'accuracy', better: 'higher' },
        validate: () => Promise.resolve({ accuracy: values[kept.length] as number }),
        onHistory: async (history) => {
          if (history.length > 0) kept.push(await readFile(join(path, 'best.safetensors')));
        },
      },
    );
    expect(result.best).toEqual({ epoch: 2, value: 0.7 });
    expect(kept[0]).not.toEqual(kept[1]);
    expect(kept[2]).toEqual(kept[1]);
  });

  it('reports a loss that is not finite by epoch, step, term and examples, and keeps the weights before', async () => {
    const path = await folder();
    const broken: Loss = {
      needs: hard.needs,
      // 0 / 0 from step 6 on: epoch 2, its second batch.
      compute: (at) =>
        tf.div(tf.relu(tf.sub(6, at.progress.step)), tf.relu(tf.sub(6, at.progress.step))).asScalar(),
    };
    const error = await trainTiny(
      { folder: path },
      {
        losses: [
          { name: 'hard', loss: hard, weight: 1 },
          { name: 'broken', loss: broken, weight: 1 },
        ],
      },
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'TRAIN_NOT_FINITE' });
    const second = randomStream(1).child('order').at(1).permutation(70).slice(16, 32);
    expect((error as Error).message).toContain('student: the loss `broken` is NaN in epoch 2, step 7');
    expect((error as Error).message).toContain(
      `${second.join(', ')}. The weights before that step were kept in `,
    );
    expect((await checkpointOf(path)).state.step).toBe(6);
  });

  it('never overwrites a sound checkpoint by weights that are not finite', async () => {
    const path = await folder();
    const error = await trainTiny(
      { folder: path },
      { rate: ({ step }) => (step < 6 ? 0.01 : Infinity) },
    ).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(/TRAIN_NOT_FINITE.*left as it was/s);
    const { state } = await checkpointOf(path);
    expect(state.step).toBe(5);
    expect(Object.values(state.variables).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it('refuses the checkpoint of another recipe, and damaged ones', async () => {
    const path = await folder();
    await trainTiny({ folder: path });
    await expect(trainTiny({ folder: path }, { resume: true, identity: 'other' })).rejects.toMatchObject({
      code: 'RUN_OTHER_RECIPE',
    });
    await writeFile(join(path, 'last.safetensors'), whole.subarray(0, whole.length - 3));
    await expect(trainTiny({ folder: path }, { resume: true })).rejects.toMatchObject({
      code: 'RUN_CHECKPOINT_DAMAGED',
    });
  });

  it('says which file could not be written when a file is in place of the folder', async () => {
    const path = join(await folder(), 'student');
    await writeFile(path, '');
    await expect(trainTiny({ folder: path })).rejects.toMatchObject({
      code: 'RUN_WRITE_FAILED',
      message: expect.stringContaining(join(path, 'last.safetensors')) as string,
    });
  });

  it.skipIf(!existsSync('/dev/full'))(
    'keeps the older checkpoint when the disk is full, and goes on from it',
    async () => {
      const path = await folder();
      const last = join(path, 'last.safetensors');
      const full = `${last}.${process.pid}.tmp`;
      await expect(
        trainTiny(
          { folder: path },
          { onHistory: (history) => (history.length === 2 ? symlink('/dev/full', full) : undefined) },
        ),
      ).rejects.toThrow(/RUN_WRITE_FAILED: .*last\.safetensors could not be written: no space left/);
      expect((await checkpointOf(path)).position.epoch).toBe(2);
      await trainTiny({ folder: path }, { resume: true });
      expect(await lastOf(path)).toEqual(whole);
    },
  );

  it('refuses to train on no examples', async () => {
    await expect(trainTiny({ folder: await folder() }, { size: 0 })).rejects.toMatchObject({
      code: 'DATA_EMPTY',
    });
  });

  it('tells of each epoch, and of progress at the end of the training', async () => {
    const events: RunEvent[] = [];
    await trainTiny({ folder: await folder(), events });
    expect(events.filter(({ event }) => event === 'epoch')).toMatchObject([
      { stage: 'student', epoch: 1, epochs: 3 },
      { stage: 'student', epoch: 2, epochs: 3 },
      { stage: 'student', epoch: 3, epochs: 3 },
    ]);
    expect(events.filter(({ event }) => event === 'progress').at(-1)).toMatchObject({
      unit: 'examples',
      at: { epoch: 2, epochs: 3, step: 15, steps: 15 },
      figures: { loss: expect.any(Number) as number },
      secondsLeft: 0,
    });
    const last = events.findLast(({ event }) => event === 'progress');
    expect(last).toHaveProperty('done', (last as { readonly total?: number }).total);
  });

  it('learns', async () => {
    const student = tinyStudent(randomStream(1).child('student'), 8, 0);
    const { history } = await trainTiny(
      { folder: await folder() },
      { student, epochs: 20, optimizer: sgd(), losses: [{ name: 'hard', loss: hard, weight: 1 }], rate: 0.2 },
    );
    expect(history.at(-1)?.metrics.loss).toBeLessThan((history[0]?.metrics.loss ?? 0) / 2);
  });
});
