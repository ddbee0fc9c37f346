// Answers of teachers that vary in length: their lengths beside them, nothing in the padding.
import { describe, expect, it } from 'vitest';
import type { Batch, HostTensors, Teacher, TensorSpec } from 'potstill';
import { paddedTeacher } from '../../src/teach/padded.js';

const data = {
  spec: { tokens: { dtype: 'int32', shape: [null], free: ['tokens'] } },
  inputs: ['tokens'],
} as const;
const batch: Batch = {
  size: 2,
  indices: [0, 1],
  tensors: {
    tokens: { dtype: 'int32', shape: [2, 3], data: new Int32Array(6) },
    'tokens.length': { dtype: 'int32', shape: [2], data: Int32Array.of(1, 3) },
  },
};

function teacherOf(spec: TensorSpec, answers: HostTensors): Teacher {
  return {
    outputs: { logits: spec },
    fingerprint: 't',
    label: () => Promise.resolve(answers),
    dispose: () => Promise.resolve(),
  };
}

const logits = {
  logits: { dtype: 'float32', shape: [2, 3, 1], data: Float32Array.of(1, NaN, 9, 4, 5, 6) },
} as const;

describe('paddedTeacher', () => {
  it.each([[['tokens']], [undefined]])('takes lengths from the data (axis named %j)', async (free) => {
    const spec: TensorSpec = { dtype: 'float32', shape: [null, 1], ...(free ? { free } : {}) };
    const answers = await paddedTeacher(teacherOf(spec, logits), data).label(batch);
    expect(answers.logits?.data).toEqual(Float32Array.of(1, 0, 0, 4, 5, 6));
    expect(answers['logits.length']?.data).toEqual(Int32Array.of(1, 3));
  });

  it('keeps lengths that the teacher gives, and answers whose lengths nothing tells', async () => {
    const steps: TensorSpec = { dtype: 'float32', shape: [null, 1], free: ['steps'] };
    const own = {
      ...logits,
      'logits.length': { dtype: 'int32', shape: [2], data: Int32Array.of(3, 2) },
    } as const;
    const answers = await paddedTeacher(teacherOf(steps, own), data).label(batch);
    expect(answers.logits?.data).toEqual(Float32Array.of(1, NaN, 9, 4, 5, 0));
    expect(await paddedTeacher(teacherOf(steps, logits), data).label(batch)).toEqual(logits);
  });

  it('leaves a teacher alone whose answers have one shape', () => {
    const teacher = teacherOf({ dtype: 'float32', shape: [3] }, {});
    expect(paddedTeacher(teacher, data)).toBe(teacher);
  });
});
