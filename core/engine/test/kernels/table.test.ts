// The kernel table against TF.js's own list of kernels.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelsPage } from '../../scripts/kernels-page.js';
import { departures, kernelSubjects, kernelTable, unsupportedKernels } from '../../src/kernels/index.js';

const cpu = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);

describe('kernelTable', () => {
  it('lists every kernel of the cpu backend, or says why not', () => {
    const missing = cpu.filter((name) => !kernelTable[name] && !unsupportedKernels[name]);
    expect(missing).toEqual([]);
  });

  it('lists no kernel twice', () => {
    const listed = Object.values(kernelSubjects).flatMap((rules) => Object.keys(rules));
    expect(listed.length).toBe(new Set(listed).size);
    expect(Object.keys(unsupportedKernels).filter((name) => kernelTable[name])).toEqual([]);
  });

  it('gives reasons for kernels that exist only', () => {
    expect(Object.keys(unsupportedKernels).filter((name) => !cpu.includes(name))).toEqual([]);
  });

  it('notes departures of kernels it has', () => {
    expect(Object.keys(departures).filter((name) => !kernelTable[name])).toEqual([]);
  });
});

describe('docs/kernels.md', () => {
  it('is what write-kernels-page.ts writes', async () => {
    const file = fileURLToPath(new URL('../../../../docs/kernels.md', import.meta.url));
    expect(readFileSync(file, 'utf8')).toBe(await kernelsPage(file));
  });
});
