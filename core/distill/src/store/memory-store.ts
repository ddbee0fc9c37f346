// Keeps teacher outputs in memory for the length of a run: one growing array per output, one row per example.
import type { DTypeArray, DType, HostTensor, HostTensors } from '@potstill/engine';
import type { Answers, Batch, Teacher, TeacherStore } from '../contracts/index.js';
import { elementCount, gatherRows, shapeText } from '../data/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import { teacherOutput } from '../teach/invalid.js';
import { canBeKept } from './only-outputs.js';

/**
 * A store that lasts as long as the process. The teacher is asked once about each row that is missing. Outputs with an
 * axis of varying length are not kept, because padding makes them depend on the batch.
 */
export function memoryTeacherStore(): TeacherStore {
  const kept = new Map<string, Rows>();
  return {
    async open({ key, teacher, size }) {
      if (key === null || !canBeKept(teacher)) return liveAnswers(teacher, size);
      // Rows of one teacher hold the outputs that were asked for when they were made.
      const name = JSON.stringify([key, Object.keys(teacher.outputs)]);
      let rows = kept.get(name);
      if (!rows) kept.set(name, (rows = new Rows()));
      return keptAnswers(rows, teacher);
    },
  };
}

/** Keeps nothing: each batch goes to the teacher. */
export function liveAnswers(teacher: Teacher, size: number): Answers {
  return {
    read: (batch) => answersOf(teacher, batch),
    fill: async () => undefined,
    missing: async (from, to) => Array.from({ length: Math.min(to, size) - from }, (_, i) => from + i),
    begin: () => true,
    keeps: false,
    block: 1,
    kept: [],
    close: async () => undefined,
  };
}

function keptAnswers(rows: Rows, teacher: Teacher): Answers {
  /** Gives the answers where all of the batch was asked for. */
  const fill = async (batch: Batch): Promise<HostTensors | undefined> => {
    const missing = rows.missing(batch.indices);
    if (missing.length === 0) return undefined;
    const asked = missing.length === batch.size ? batch : rowsOf(batch, missing);
    const answers = await answersOf(teacher, asked);
    rows.keep(asked.indices, answers);
    return asked === batch ? answers : undefined;
  };
  return {
    async read(batch) {
      if (batch.size === 0) return answersOf(teacher, batch);
      return (await fill(batch)) ?? rows.read(batch.indices);
    },
    async fill(batch) {
      await fill(batch);
    },
    async missing(from, to) {
      const all = Array.from({ length: to - from }, (_, i) => from + i);
      return rows.missing(all).map((position) => all[position] as number);
    },
    begin: () => true,
    keeps: true,
    block: 1,
    kept: [],
    close: async () => undefined,
  };
}

/** The teacher's answers, each with one row an example, else `TEACHER_OUTPUT`. */
export async function answersOf(teacher: Teacher, batch: Batch): Promise<HostTensors> {
  const answers = await teacher.label(batch);
  for (const [name, { shape }] of Object.entries(answers)) {
    if (shape[0] !== batch.size)
      throw teacherOutput(
        `the teacher answered ${batch.size} examples with \`${name}\` of shape ${shapeText(shape)}`,
        'the first axis must be the batch axis',
      );
  }
  return answers;
}

/** The given rows of a batch, as a batch. */
export function rowsOf({ tensors, indices }: Batch, rows: readonly number[]): Batch {
  return {
    size: rows.length,
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, gatherRows(tensor, rows)]),
    ),
    indices: rows.map((row) => indices[row] as number),
  };
}

interface Column {
  readonly dtype: DType;
  /** Of one row. */
  readonly shape: readonly number[];
  /** At least `count` rows; grown by doubling. */
  data: DTypeArray[DType];
}

/** Rows by example index. */
class Rows {
  private count = 0;
  /** Row of each example, from 1; 0 is none. */
  private slots = new Int32Array(0);
  private columns: Map<string, Column> | undefined;

  /** Positions within `indices` of those without a row, each example once. */
  missing(indices: readonly number[]): number[] {
    const seen = new Set<number>();
    const positions: number[] = [];
    indices.forEach((index, position) => {
      if ((this.slots[index] ?? 0) > 0 || seen.has(index)) return;
      seen.add(index);
      positions.push(position);
    });
    return positions;
  }

  keep(indices: readonly number[], answers: HostTensors): void {
    this.columns ??= new Map(
      Object.entries(answers).map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape: shape.slice(1), data: zeros(dtype, 0) },
      ]),
    );
    // A concurrent call may have stored some of them while the teacher was asked.
    const fresh = this.missing(indices);
    for (const [name, column] of this.columns) this.append(name, column, answers[name], fresh);
    const largest = indices.reduce((most, index) => Math.max(most, index), -1);
    if (largest >= this.slots.length) {
      const grown = new Int32Array(Math.max(largest + 1, 2 * this.slots.length));
      grown.set(this.slots);
      this.slots = grown;
    }
    for (const position of fresh) this.slots[indices[position] as number] = ++this.count;
  }

  read(indices: readonly number[]): HostTensors {
    const rows = Int32Array.from(indices, (index) => (this.slots[index] as number) - 1);
    return Object.fromEntries(
      [...(this.columns ?? [])].map(([name, { dtype, shape, data }]) => [
        name,
        gatherRows(hostTensor(dtype, [this.count, ...shape], data), rows),
      ]),
    );
  }

  private append(
    name: string,
    column: Column,
    answer: HostTensor | undefined,
    positions: readonly number[],
  ): void {
    const { dtype, shape } = column;
    if (answer?.dtype !== dtype || answer.shape.slice(1).join() !== shape.join()) {
      const now = answer ? `${answer.dtype} ${shapeText(answer.shape.slice(1))}` : 'not there';
      throw teacherOutput(
        `the teacher's output \`${name}\` was ${dtype} ${shapeText(shape)} an example, and is now ${now}`,
        'a teacher must use the same shape for all examples, or declare the varying axis as null',
      );
    }
    const length = elementCount(shape);
    const needed = (this.count + positions.length) * length;
    if (needed > column.data.length) {
      const grown = zeros(dtype, Math.max(needed, 2 * column.data.length));
      grown.set(column.data);
      column.data = grown;
    }
    column.data.set(gatherRows(answer, positions).data, this.count * length);
  }
}
