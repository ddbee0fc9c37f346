// The comparison with finite differences notices wrong gradients, values and shapes.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { expectTrueGradients, findWrong } from './differences.js';
import { between, normals } from './operands.js';

/** A square whose gradient is `factor` times x. */
const square = (factor: number) =>
  tf.customGrad((x, save) => {
    const [value] = [x as tf.Tensor, (save as tf.GradSaveFunc)([x as tf.Tensor])];
    return {
      value: tf.square(value),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(saved[0] as tf.Tensor, factor)),
    };
  });

describe('expectTrueGradients', () => {
  it('takes what is right', async () => {
    await expectTrueGradients([
      { name: 'few elements', inputs: [normals([2, 3])], op: (x) => square(2)(x) },
      { name: 'many elements', inputs: [normals([5, 7])], op: (x) => square(2)(x) },
      { name: 'none', inputs: [normals([0, 7])], op: (x) => tf.exp(x) },
      { name: 'a number', inputs: [normals([])], op: (x) => tf.exp(x) },
      {
        name: 'two outputs, one input fixed',
        inputs: [normals([3]), between(1, 2)([3])],
        fixed: [1],
        op: (x, y) => [tf.mul(x, y), tf.cast(x, 'int32'), tf.exp(x)],
      },
    ]);
  });

  it.each([
    ['few elements', [3]],
    ['many elements', [5, 7]],
  ])('names the wrong derivative of %s', async (name, shape) => {
    const wrong = await findWrong([{ name, inputs: [normals(shape)], op: (x) => square(2.01)(x) }]);
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong[0]).toMatch(
      new RegExp(`^${name}: element \\d+ of input 0 \\[${shape.join()}\\]: gradient `),
    );
  });

  it('notices a single wrong element among many by a random direction', async () => {
    const shape = [10, 10];
    const mask = Float32Array.from({ length: 100 }, (_, i) => (i === 57 ? 1.5 : 1));
    const spoiled = tf.customGrad((x) => ({
      value: tf.mul(x as tf.Tensor, 2),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(tf.tensor(mask, shape), 2)),
    }));
    const wrong = await findWrong([{ name: 'spoiled', inputs: [normals(shape)], op: (x) => spoiled(x) }]);
    expect(wrong.join()).toContain('direction');
  });

  it('notices a wrong value', async () => {
    // The reference runs on the cpu backend, the recording on another.
    const wrong = await findWrong([
      {
        name: 'value',
        inputs: [between(1, 2)([3])],
        op: (x) => tf.mul(x, tf.getBackend() === 'cpu' ? 1 : 1.001),
      },
    ]);
    expect(wrong[0]).toMatch(/^value: element 0 of output 0 \[3\] is .*, TF.js has /);
  });
});
