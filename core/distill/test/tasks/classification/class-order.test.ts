// Teachers that count their classes in another order than the data.
import { describe, expect, it } from 'vitest';
import { randomStream } from '@potstill/engine';
import { PotstillError } from 'potstill';
import { bestAssignment } from '../../../src/tasks/classification/assignment.js';
import { checkClassOrder } from '../../../src/tasks/classification/class-order.js';

const random = randomStream(4);

/** Answers of a teacher that is right in `share` of the examples, in its own order of classes. */
function sample(order: readonly number[], count: number, share: number) {
  const classes = order.length;
  const truth = Array.from({ length: count }, (_, i) => random.child('truth').integer(classes, i));
  const answers = truth.map((target, i) =>
    random.child('right').integer(1000, i) < share * 1000
      ? order.indexOf(target)
      : random.child('wrong').integer(classes, i),
  );
  return { truth, answers };
}

function refusal(run: () => unknown): PotstillError {
  try {
    run();
  } catch (error) {
    if (error instanceof PotstillError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const numbered = ['0', '1', '10', '11', '2', '3', '4', '5', '6', '7', '8', '9'];
/** What each score of a teacher that counts 0, 1, 2, … stands for in the data's order. */
const natural = Array.from({ length: 12 }, (_, i) => numbered.indexOf(String(i)));
const onnx = { sources: { logits: { from: 'y' } } };

describe('checkClassOrder', () => {
  it('recognises numbered folders that sort as 0, 1, 10, 11, 2, and gives the line to write', () => {
    const { truth, answers } = sample(natural, 200, 0.9);
    const error = refusal(() => checkClassOrder(answers, truth, 12, numbered, onnx));
    expect(error.code).toBe('PREFLIGHT_CLASS_ORDER');
    expect(error.message).toContain('in another order (numbers by their value: 2 before 10)');
    expect(error.records[0].hint).toContain(
      "Write `labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']` in `teacher`",
    );
  });

  it('recognises any other order by its answers', () => {
    const labels = ['ant', 'bee', 'cow', 'dog'];
    const { truth, answers } = sample([2, 3, 1, 0], 120, 0.7);
    const error = refusal(() => checkClassOrder(answers, truth, 4, labels, onnx));
    expect(error.records[0].hint).toContain('Write `labels: [cow, dog, bee, ant]` in `teacher`:');
  });

  it('gives the names in the order of the model itself where labels have reordered it', () => {
    const labels = ['ant', 'bee', 'cow'];
    // The model says cow, ant, bee; the recipe said bee, ant, cow, after which scores stand as ant, bee, cow.
    const reordered = { labels: ['bee', 'ant', 'cow'], order: [1, 0, 2] };
    const delivered = reordered.order.map((own) => labels.indexOf(['cow', 'ant', 'bee'][own] as string));
    const { truth, answers } = sample(delivered, 90, 1);
    const error = refusal(() => checkClassOrder(answers, truth, 3, labels, { ...onnx, reordered }));
    expect(error.records[0].hint).toContain(
      '`labels: [cow, ant, bee]` in `teacher`, instead of the labels it has',
    );
  });

  it('says which scores stand for which classes where the data have no names', () => {
    const { truth, answers } = sample([1, 2, 0], 90, 1);
    const error = refusal(() => checkClassOrder(answers, truth, 3, undefined, onnx));
    expect(error.records[0].hint).toContain("stand for the data's classes 1, 2, 0");
  });

  it('warns of two classes of many that are exchanged', () => {
    const order = Array.from({ length: 40 }, (_, i) => i);
    [order[3], order[5]] = [5, 3];
    const { truth, answers } = sample(order, 2000, 1);
    expect(checkClassOrder(answers, truth, 40, undefined, onnx)).toMatchObject([
      { level: 'warning', code: 'PREFLIGHT_CLASS_ORDER' },
    ]);
  });

  it.each([
    ['a good teacher', [0, 1, 2, 3], 200, 0.9],
    ['a weak teacher', [0, 1, 2, 3], 200, 0.3],
    ['one that guesses', [0, 1, 2, 3], 200, 0],
    ['one that guesses among more classes than examples', Array.from({ length: 300 }, (_, i) => i), 200, 0],
    ['no examples', [0, 1], 0, 1],
  ])('has nothing to say of %s', (_what, order, count, share) => {
    const { truth, answers } = sample(order, count, share);
    expect(checkClassOrder(answers, truth, order.length, undefined, onnx)).toEqual([]);
  });

  it('does not count examples without truth or answer', () => {
    const { truth, answers } = sample([1, 2, 0], 90, 1);
    const unknown = truth.map(() => -1);
    expect(checkClassOrder(answers, unknown, 3, undefined, onnx)).toEqual([]);
    expect(
      checkClassOrder(
        answers.map(() => -1),
        truth,
        3,
        undefined,
        onnx,
      ),
    ).toEqual([]);
  });
});

describe('bestAssignment', () => {
  it('finds the assignment with the largest sum, as trying all of them does', () => {
    for (let round = 0; round < 40; round++) {
      const size = 1 + (round % 6);
      const cells = Array.from({ length: size * size }, (_, i) =>
        random.child('cell').at(round).integer(9, i),
      );
      const sum = (columns: readonly number[]) =>
        columns.reduce((total, column, row) => total + (cells[row * size + column] as number), 0);
      const found = bestAssignment(cells, size);
      expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      expect(sum(found)).toBe(Math.max(...permutations(size).map(sum)));
    }
    expect(bestAssignment([], 0)).toEqual([]);
  });
});

function permutations(size: number): number[][] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((rest) =>
    Array.from({ length: size }, (_, at) => [...rest.slice(0, at), size - 1, ...rest.slice(at)]),
  );
}
