// A teacher cut down to the outputs that are read.
import { describe, expect, it } from 'vitest';
import type { HostTensors, Teacher } from 'potstill';
import { canBeKept, onlyOutputs } from '../../src/store/index.js';
import { images } from '../teach/models.js';

const answers: HostTensors = {
  logits: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) },
  frames: { dtype: 'float32', shape: [1, 1], data: Float32Array.of(3) },
};
const teacher: Teacher = {
  outputs: { logits: { dtype: 'float32', shape: [2] }, frames: { dtype: 'float32', shape: [null] } },
  fingerprint: 't',
  label: () => Promise.resolve(answers),
  dispose: () => Promise.resolve(),
};

describe('onlyOutputs', () => {
  it('answers with what is asked for, under the same key: stores keep outputs apart', async () => {
    const made = onlyOutputs(teacher, ['logits', 'not-there']);
    expect(made.outputs).toEqual({ logits: { dtype: 'float32', shape: [2] } });
    expect(await made.label(images([1, 2], [0, 0]))).toEqual({ logits: answers.logits });
    expect(made.fingerprint).toBe(teacher.fingerprint);
    expect([canBeKept(teacher), canBeKept(made)]).toEqual([false, true]);
  });

  it('is the teacher itself where everything is asked for', () => {
    expect(onlyOutputs(teacher, ['frames', 'logits'])).toBe(teacher);
  });
});
