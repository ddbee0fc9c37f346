// The engine's gradients of sums and means: what they are in numbers, and that recording writes no ones out.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream, sgd } from '@potstill/engine';
import { sizeOf } from '../../src/graph/builder.js';
import { withGradients } from '../../src/kernels/gradients/install.js';
import { kernelTable } from '../../src/kernels/index.js';
import { recordStep } from '../../src/record/step.js';
import type { Recorded } from '../../src/record/tape.js';

/** A shape, some of its axes (none: all, as TF.js has it), and whether they are kept. */
const reduction = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.option(
      fc.subarray(
        shape.map((_, axis) => axis),
        { minLength: 1 },
      ),
    ),
    keepDims: fc.boolean(),
    mean: fc.boolean(),
  }),
);

describe('gradients of tf.sum and tf.mean', () => {
  it('spread what comes back over what was summed', () => {
    fc.assert(
      fc.property(reduction, ({ shape, axes, keepDims, mean }) => {
        tf.tidy(() => {
          const f = (x: tf.Tensor) => (mean ? tf.mean : tf.sum)(x, axes ?? undefined, keepDims);
          const x = tf.zeros(shape);
          const y = f(x);
          const dy = tf.range(0, y.size).reshape(y.shape);
          const reduced = axes ?? shape.map((_, axis) => axis);
          const size = reduced.reduce((product, axis) => product * (shape[axis] as number), 1);
          const kept = shape.map((length, axis) => (reduced.includes(axis) ? 1 : length));
          const expected = x.add(dy.reshape(kept)).div(mean ? size : 1);
          const got = withGradients(() => tf.grad(f)(x, dy));
          expect(got.shape).toEqual(shape);
          expect([...got.dataSync()]).toEqual([...expected.dataSync()]);
        });
      }),
    );
  });

  it('are recorded as kernels, without ones', () => {
    const w = tf.tidy(() => tf.variable(tf.scalar(2)));
    const { changes } = recordStep(
      kernelTable,
      {
        variables: [{ name: 'w', variable: w }],
        loss: ({ x }) => ({ loss: tf.sum(tf.mean(tf.mul(x as tf.Tensor, w), 1)) }),
        optimizer: sgd(),
        random: randomStream(1),
      },
      { x: { dtype: 'float32', shape: [200, 300] } },
    );
    const sizes: number[] = [];
    const seen = new Set<Recorded>();
    const walk = (recorded: Recorded | undefined): void => {
      if (!recorded || seen.has(recorded)) return;
      seen.add(recorded);
      if (recorded.source.kind === 'constant') sizes.push(sizeOf(recorded.shape));
      if (recorded.source.kind === 'kernel') Object.values(recorded.source.kernel.inputs).forEach(walk);
    };
    for (const { next } of changes) walk(next);
    expect(seen.size).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBe(1);
    w.dispose();
  });
});
