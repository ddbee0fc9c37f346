// A teacher's scores in the order of the data's classes, by name.
import { describe, expect, it } from 'vitest';
import { alignClasses } from '../../../src/tasks/classification/align.js';
import { tinyTeacher } from '../../train/tiny.js';
import { described, images } from '../../teach/models.js';
import type { Teacher } from 'potstill';

function teacher(labels: readonly string[] | undefined): Teacher {
  return {
    ...tinyTeacher(),
    ...(labels ? { labels } : {}),
    label: ({ size }) =>
      Promise.resolve({
        logits: {
          dtype: 'float32',
          shape: [size, 3],
          data: Float32Array.from({ length: size * 3 }, (_, i) => i),
        },
        hidden: { dtype: 'float32', shape: [size, 3], data: new Float32Array(size * 3).fill(7) },
      }),
  };
}
const of = (labels: readonly string[]) => ({ ...described([2]), labels });

describe('alignClasses', () => {
  it('puts the scores in the order of the data', async () => {
    const made = alignClasses(teacher(['b', 'c', 'a']), of(['a', 'b', 'c']));
    expect(made.labels).toEqual(['a', 'b', 'c']);
    const { logits, hidden } = await made.label(images([2, 2], [0, 0, 0, 0]));
    expect([...(logits?.data ?? [])]).toEqual([2, 0, 1, 5, 3, 4]);
    expect([...(hidden?.data ?? [])]).toEqual([7, 7, 7, 7, 7, 7]);
    expect(made.fingerprint).not.toBe(tinyTeacher().fingerprint);
  });

  it('drops classes that the data do not have', async () => {
    const made = alignClasses(teacher(['background', 'b', 'a']), of(['a', 'b']));
    expect(made.outputs.logits?.shape).toEqual([2]);
    const { logits } = await made.label(images([1, 2], [0, 0]));
    expect(logits?.shape).toEqual([1, 2]);
    expect([...(logits?.data ?? [])]).toEqual([2, 1]);
  });

  it('takes the same name in another Unicode form for the same', () => {
    const made = alignClasses(teacher(['x', 'cafe\u0301', 'y']), of(['caf\u00e9', 'x', 'y']));
    expect(made.reordered?.order).toEqual([1, 0, 2]);
  });

  it.each([
    ['the same order', ['a', 'b', 'c'], ['a', 'b', 'c']],
    ['no names', undefined, ['a', 'b', 'c']],
    ['a class that the teacher does not have', ['a', 'b', 'c'], ['a', 'b', 'd']],
    ['a name given twice', ['a', 'b', 'b'], ['b', 'a']],
    ['another number of names than scores', ['b', 'a'], ['a', 'b']],
  ])('leaves the teacher as it is with %s', (_what, labels, wanted) => {
    const made = teacher(labels);
    if (labels === undefined) Object.assign(made, { labels: undefined });
    expect(alignClasses(made, of(wanted))).toBe(made);
  });
});
