// The double precision reference keeps doubles and leaves nothing behind.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { doubles, inFloat64 } from './float64.js';

const third = 1 / 3;

describe('inFloat64', () => {
  it('keeps doubles through kernels of every kind', () => {
    inFloat64(() => {
      const x = doubles([third, 2 * third], [1, 1, 2, 1]);
      const flat = tf.reshape(x, [2]);
      expect([...x.dataSync()]).toEqual([third, 2 * third]);
      expect([...tf.exp(flat).dataSync()]).toEqual([Math.exp(third), Math.exp(2 * third)]);
      expect(tf.sum(flat).dataSync()[0]).toBe(1);
      expect(tf.dot(flat, flat).dataSync()[0]).toBeCloseTo(5 / 9, 14);
      const filter = doubles([0.1], [1, 1, 1, 1]) as tf.Tensor4D;
      expect(tf.conv2d(x as tf.Tensor4D, filter, 1, 'same').dataSync()[0]).toBeCloseTo(third / 10, 15);
      expect(tf.maxPool(x as tf.Tensor4D, [1, 2], 1, 'valid').dataSync()[0]).toBe(2 * third);
      expect(tf.softmax(flat).sum().dataSync()[0]).toBeCloseTo(1, 15);
      expect(tf.transpose(tf.tile(tf.concat([flat, flat]), [2])).dataSync()[1]).toBe(2 * third);
      expect(tf.gather(flat, [1]).dataSync()[0]).toBe(2 * third);
      expect(tf.scalar(third).dataSync()[0]).toBe(third);
    });
  });

  it('puts Float32Array, the backend and the number of tensors back, after errors too', () => {
    tf.backend();
    const before = [globalThis.Float32Array, tf.getBackend(), tf.memory().numTensors];
    inFloat64(() => tf.add(doubles([1], [1]), 2));
    expect(() =>
      inFloat64(() => {
        throw new Error('from inside');
      }),
    ).toThrow('from inside');
    expect([globalThis.Float32Array, tf.getBackend(), tf.memory().numTensors]).toEqual(before);
    expect(tf.tensor1d([third]).dataSync()[0]).toBe(Math.fround(third));
  });
});
