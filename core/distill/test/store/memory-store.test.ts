// Teacher outputs kept in memory.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, HostTensors, Teacher, TeacherStore } from 'potstill';
import { memoryTeacherStore } from '../../src/store/index.js';
import { refusal } from '../teach/models.js';

/** Answers example i, seen as x = i + 0.5, with [x, 2x] and the class i % 3; remembers what it was asked. */
function recording(over: Partial<Teacher> = {}): Teacher & { asked: number[][] } {
  const asked: number[][] = [];
  return {
    asked,
    outputs: { logits: { dtype: 'float32', shape: [2] }, class: { dtype: 'int32', shape: [] } },
    fingerprint: 't',
    async label(batch) {
      asked.push([...batch.indices]);
      const x = [...(batch.tensors.x?.data ?? [])];
      if (x.length !== batch.size) throw new Error('the batch is torn');
      return {
        logits: {
          dtype: 'float32',
          shape: [batch.size, 2],
          data: Float32Array.from(x.flatMap((value) => [value, 2 * value])),
        },
        class: { dtype: 'int32', shape: [batch.size], data: Int32Array.from(x, (v) => Math.floor(v) % 3) },
      };
    },
    dispose: () => Promise.resolve(),
    ...over,
  };
}

function batchOf(indices: readonly number[]): Batch {
  const data = Float32Array.from(indices, (index) => index + 0.5);
  return {
    size: indices.length,
    tensors: { x: { dtype: 'float32', shape: [indices.length], data } },
    indices,
  };
}

/** What the store answers for a batch of a data set of 1,000. */
async function ask(
  store: TeacherStore,
  key: string | null,
  teacher: Teacher,
  batch: Batch,
): Promise<HostTensors> {
  return (await store.open({ key, teacher, size: 1000 })).read(batch);
}

const someBatches = fc.array(fc.array(fc.nat({ max: 300 }), { maxLength: 12 }), { maxLength: 12 });

describe('memoryTeacherStore', () => {
  it('gives what the teacher would, whatever was asked before', async () => {
    await fc.assert(
      fc.asyncProperty(someBatches, async (lists) => {
        const store = memoryTeacherStore();
        const teacher = recording();
        const plain = recording();
        for (const indices of lists) {
          const batch = batchOf(indices);
          expect(await ask(store, 'key', teacher, batch)).toEqual(await plain.label(batch));
        }
      }),
    );
  });

  it('asks the teacher once about each example, and for no more than is missing', async () => {
    // A batch that names an example twice and is wholly new goes to the teacher as it is.
    const distinct = fc.array(fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 12 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(distinct, async (lists) => {
        const store = memoryTeacherStore();
        const teacher = recording();
        const known = new Set<number>();
        for (const indices of lists) {
          const before = teacher.asked.length;
          await ask(store, 'key', teacher, batchOf(indices));
          const missing = indices.filter((index) => !known.has(index));
          if (indices.length > 0)
            expect(teacher.asked.slice(before)).toEqual(missing.length > 0 ? [missing] : []);
          for (const index of indices) known.add(index);
        }
      }),
    );
  });

  it('asks once about an example that a batch names twice', async () => {
    const teacher = recording();
    const answers = await ask(memoryTeacherStore(), 'key', teacher, batchOf([4, 4, 1]));
    expect(teacher.asked).toEqual([[4, 1]]);
    expect([...(answers.logits?.data ?? [])]).toEqual([4.5, 9, 4.5, 9, 1.5, 3]);
  });

  it('keeps nothing without a key', async () => {
    const store = memoryTeacherStore();
    const teacher = recording();
    for (let i = 0; i < 2; i++) await ask(store, null, teacher, batchOf([1, 2]));
    await ask(store, 'key', teacher, batchOf([1, 2]));
    expect(teacher.asked).toHaveLength(3);
  });

  it('keeps keys apart', async () => {
    const store = memoryTeacherStore();
    const teacher = recording();
    const other = recording({
      label: (batch) =>
        Promise.resolve({
          logits: { dtype: 'float32', shape: [batch.size], data: new Float32Array(batch.size) },
        }),
    });
    const mine = await ask(store, 'a', teacher, batchOf([7]));
    expect((await ask(store, 'b', other, batchOf([7]))).logits?.shape).toEqual([1]);
    expect(await ask(store, 'a', teacher, batchOf([7]))).toEqual(mine);
    expect(teacher.asked).toEqual([[7]]);
  });

  it('is not changed by what is done to its answers', async () => {
    const store = memoryTeacherStore();
    const teacher = recording();
    for (let i = 0; i < 3; i++) {
      const { logits } = await ask(store, 'key', teacher, batchOf([3]));
      expect([...(logits?.data ?? [])]).toEqual([3.5, 7]);
      logits?.data.fill(-1);
    }
  });

  it('asks again after a failure, and keeps rows that two callers asked for at once', async () => {
    const store = memoryTeacherStore();
    const good = recording();
    const bad = recording({ label: () => Promise.reject(new Error('not now')) });
    await expect(ask(store, 'key', bad, batchOf([1]))).rejects.toThrow('not now');
    const [left, right] = await Promise.all([
      ask(store, 'key', good, batchOf([1, 2])),
      ask(store, 'key', good, batchOf([2, 1])),
    ]);
    expect([...(left.class?.data ?? [])]).toEqual([1, 2]);
    expect([...(right.class?.data ?? [])]).toEqual([2, 1]);
    const asked = good.asked.length;
    expect([...((await ask(store, 'key', good, batchOf([2, 1]))).class?.data ?? [])]).toEqual([2, 1]);
    expect(good.asked).toHaveLength(asked);
  });

  it('answers a batch of none', async () => {
    const answers = await ask(memoryTeacherStore(), 'key', recording(), batchOf([]));
    expect(answers.logits?.shape).toEqual([0, 2]);
  });

  it('does not keep outputs whose length varies, which padding has changed', async () => {
    const store = memoryTeacherStore();
    const teacher = recording({ outputs: { logits: { dtype: 'float32', shape: [null] } } });
    for (let i = 0; i < 2; i++) await ask(store, 'key', teacher, batchOf([1]));
    expect(teacher.asked).toHaveLength(2);
  });

  it('refuses answers of the wrong number of rows, or of another form than before', async () => {
    const wrong = (shape: number[]): Promise<HostTensors> =>
      Promise.resolve({
        logits: { dtype: 'float32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      });
    const store = memoryTeacherStore();
    const short = recording({ label: () => wrong([1, 2]) });
    const rows = await refusal(ask(store, 'key', short, batchOf([1, 2])));
    expect(rows.code).toBe('TEACHER_OUTPUT');
    expect(rows.message).toContain('answered 2 examples with `logits` of shape [1, 2]');
    const growing = recording({ label: (batch) => wrong([batch.size, batch.indices[0] as number]) });
    await ask(store, 'growing', growing, batchOf([1]));
    const form = await refusal(ask(store, 'growing', growing, batchOf([2])));
    expect(form.message).toContain('`logits` was float32 [1] an example, and is now float32 [2]');
  });
});
