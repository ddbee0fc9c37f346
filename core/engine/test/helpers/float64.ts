// TF.js's cpu backend in double precision, as the reference that finite differences need.
import { isTypedArray } from 'node:util/types';
import * as tf from '@tensorflow/tfjs';

type Platform = ReturnType<typeof tf.env>['platform'];

/** In Node, TF.js asks for the kinds of typed arrays that it knows, and doubles are none of them. */
const anyTypedArray = isTypedArray as Platform['isTypedArray'];

/**
 * Runs `body`, which must not be async, on the cpu backend with every float32 tensor stored in doubles. The kernels
 * compute in doubles anyway and lose them only in the Float32Arrays that they allocate, so for a while that name means
 * Float64Array. Tensors of before are taken as they are; tensors made here must not be used afterwards.
 */
export function inFloat64<T>(body: () => T): T {
  tf.backend();
  const before = tf.getBackend();
  const { platform } = tf.env();
  const single = globalThis.Float32Array;
  void tf.setBackend('cpu');
  // Cleared first: the cpu backend advertises tfjs-node at its first write.
  Object.assign(tf.findBackend('cpu') ?? {}, { firstUse: false });
  globalThis.Float32Array = Float64Array as unknown as typeof globalThis.Float32Array;
  platform.isTypedArray = anyTypedArray;
  tf.engine().startScope();
  try {
    return body();
  } finally {
    tf.engine().endScope();
    globalThis.Float32Array = single;
    Reflect.deleteProperty(platform, 'isTypedArray');
    void tf.setBackend(before);
  }
}

/** A float32 tensor (of doubles, within {@link inFloat64}) with exactly these numbers. */
export function doubles(data: ArrayLike<number>, shape: readonly number[]): tf.Tensor {
  return tf.tensor(Float64Array.from(data), [...shape], 'float32');
}
