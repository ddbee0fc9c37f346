// Gradients of softmaxes and normalisations against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { between, normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

/** Normalises over axes, then scales. */
const standard = (x: tf.Tensor, axes: number[], scale: tf.Tensor, offset: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3))), scale), offset);
};

const image = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 4 }),
  width: fc.integer({ min: 2, max: 4 }),
  groups: fc.integer({ min: 1, max: 3 }),
  each: fc.integer({ min: 1, max: 2 }),
});

describe('gradients of normalisations', () => {
  it('are the derivatives for softmaxes over shapes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }),
        async (lengths) => {
          // TF.js itself fails on rows of no elements.
          const shape = [...lengths.slice(0, -1), Math.max(1, lengths.at(-1) ?? 1)];
          await expectTrueGradients([
            { name: 'softmax', inputs: [normals(shape)], op: (x) => tf.softmax(x) },
            { name: 'logSoftmax', inputs: [normals(shape)], op: (x) => tf.logSoftmax(x) },
          ]);
        },
      ),
      { numRuns: 12, seed: 1 },
    );
  });

  it('are the derivatives for batch, layer, group and instance normalisation', async () => {
    await fc.assert(
      fc.asyncProperty(image, async ({ batch, height, width, groups, each }) => {
        const channels = groups * each;
        const shape = [batch, height, width, channels];
        const [scale, offset] = [normals([channels], 2), normals([channels], 3)];
        const inputs = [normals(shape), scale, offset];
        await expectTrueGradients([
          { name: 'batch', inputs, op: (x, s, o) => standard(x, [0, 1, 2], s, o) },
          { name: 'layer', inputs, op: (x, s, o) => standard(x, [1, 2, 3], s, o) },
          { name: 'instance', inputs, op: (x, s, o) => standard(x, [1, 2], s, o) },
          {
            name: 'group',
            inputs: [normals(shape), normals([groups, each], 2), normals([groups, each], 3)],
            op: (x, s, o) =>
              tf.reshape(
                standard(tf.reshape(x, [batch, height, width, groups, each]), [1, 2, 4], s, o),
                shape,
              ),
          },
        ]);
      }),
      { numRuns: 12, seed: 2 },
    );
  });

  it('are the derivatives for tf.batchNorm in all five operands', async () => {
    await fc.assert(
      fc.asyncProperty(image, fc.boolean(), async ({ batch, height, width, groups }, whole) => {
        const shape = [batch, height, width, groups];
        const of = whole ? shape : [groups];
        const [mean, variance] = [normals(of, 2), between(0.3, 2)(of, 3)];
        const full: Case = {
          name: `all operands of [${of.join()}]`,
          inputs: [normals(shape), mean, variance, normals(of, 4), normals(of, 5)],
          op: (x, m: tf.Tensor1D, v: tf.Tensor1D, o: tf.Tensor1D, s: tf.Tensor1D) =>
            tf.batchNorm(x, m, v, o, s, 0.01),
        };
        // TF.js cannot differentiate without a scale or an offset.
        await expectTrueGradients([full]);
      }),
      { numRuns: 10, seed: 3 },
    );
  });

  it('are the derivatives for local response normalisation', async () => {
    await expectTrueGradients(
      [1, 2, 5].flatMap((radius) =>
        [1, 2, 7].map((channels): Case => ({
          name: `radius ${radius} of ${channels} channels`,
          inputs: [normals([2, 2, 3, channels])],
          op: (x: tf.Tensor4D) => tf.localResponseNormalization(x, radius, 1.5, 0.3, 0.7),
        })),
      ),
    );
  });
});

holdVisits(import.meta.url);
