// What a run asks its teacher about: no more than its losses read.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { definePlugin, teacher, type Batch, type HostTensors } from 'potstill';
import { z } from 'zod';
import { tinyTeacher } from '../train/tiny.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const quick = ['train.epochs=2', 'preflight.enabled=false', 'baseline=false'];
const examples = (sizes: readonly number[]) =>
  sizes.filter((size) => size > 1).reduce((sum, size) => sum + size, 0);

describe('labelling', () => {
  it('does not ask about training data where no loss reads the teacher', async () => {
    await place.run('student.yaml', {
      set: ['teacher={use: tiny/teacher}', 'losses=[cross-entropy]', ...quick],
    });
    // Validation and test data alone, for metrics.
    expect(examples(place.asked.batches)).toBe(40 + 60);
    expect(place.stages()).not.toContain('label');
  });

  it('asks once although an output that no loss reads varies in length', async () => {
    const asked: number[] = [];
    const { logits } = tinyTeacher().outputs;
    place.known.set(
      'frames',
      definePlugin({
        name: 'frames',
        version: '1.0.0',
        potstill: '*',
        components: [
          teacher('frames/teacher', {
            help: 'scores, and as many frames as the batch has examples',
            options: z.strictObject({}),
            create: () => {
              const made = tinyTeacher();
              return {
                ...made,
                outputs: { ...(logits ? { logits } : {}), frames: { dtype: 'float32', shape: [null] } },
                async label(batch: Batch): Promise<HostTensors> {
                  asked.push(batch.size);
                  const { size } = batch;
                  const frames = { dtype: 'float32', shape: [size, size] } as const;
                  return {
                    ...(await made.label(batch)),
                    frames: { ...frames, data: new Float32Array(size * size) },
                  };
                },
              };
            },
          }),
        ],
      }),
    );
    await place.run('student.yaml', {
      set: ['plugins=[tiny, frames]', 'teacher=frames/teacher', 'data.validation=null', ...quick],
    });
    // The test data is asked about twice: metrics get all outputs, which cannot be kept.
    expect(examples(asked)).toBe(70 + 2 * 60);
  });
});
