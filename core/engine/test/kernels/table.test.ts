// The kernel table against TF.js's own list of kernels.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelTable, unsupportedKernels } from '../../src/kernels/index.js';

const cpu = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);

describe('kernelTable', () => {
  it('lists every kernel of the cpu backend, or says why not', () => {
    const missing = cpu.filter((name) => !kernelTable[name] && !unsupportedKernels[name]);
    expect(missing).toEqual([]);
  });

  it('lists no kernel twice', () => {
    expect(Object.keys(unsupportedKernels).filter((name) => kernelTable[name])).toEqual([]);
  });

  it('gives reasons for kernels that exist only', () => {
    expect(Object.keys(unsupportedKernels).filter((name) => !cpu.includes(name))).toEqual([]);
  });
});
