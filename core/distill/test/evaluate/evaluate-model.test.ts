// Evaluating a model over batches.
import { describe, expect, it } from 'vitest';
import type { Batch, HostTensors, Metric } from 'potstill';
import { evaluateModel, figuresOf, type EvaluateModel } from '../../src/evaluate/evaluate-model.js';
import type { Predictions } from '../../src/evaluate/predictions.js';
import { builtIn } from './built-in.js';

function batch(indices: number[], labels: number[], logits: number[][]): Batch {
  return {
    size: indices.length,
    indices,
    tensors: {
      label: { dtype: 'int32', shape: [labels.length], data: Int32Array.from(labels) },
      scores: { dtype: 'float32', shape: [logits.length, 2], data: Float32Array.from(logits.flat()) },
    },
  };
}

const predict = (from: Batch): Promise<HostTensors> =>
  Promise.resolve({ logits: from.tensors.scores as HostTensors[string] });

/** Counts batches; 100 a batch where a teacher was seen. */
function counter(name: string, teacher: readonly string[] = [], model: readonly string[] = []): Metric {
  let seen = 0;
  return {
    needs: { model, teacher, batch: [] },
    figures: [{ name, title: name, unit: 'count', better: null }],
    update: ({ teacher: theirs }) => {
      seen += Object.keys(theirs).length > 0 ? 100 : 1;
    },
    result: () => ({ [name]: seen }),
    reset: () => {
      seen = 0;
    },
  };
}

const two = [
  batch(
    [5, 3],
    [0, 1],
    [
      [Math.log(3), 0],
      [Math.log(3), 0],
    ],
  ),
  batch([9], [1], [[NaN, 0]]),
];

describe('evaluateModel', () => {
  it('merges the figures and keeps the index of each example', async () => {
    const metrics = [counter('a'), counter('b')];
    const { count, figures, indices } = await evaluateModel({ predict, batches: two, metrics });
    expect(count).toBe(3);
    expect(figures).toEqual({ a: 2, b: 2 });
    expect(indices).toEqual(Int32Array.of(5, 3, 9));
  });

  it('keeps what metrics found beside their figures, and the numbers an example by figure', async () => {
    const metrics = [await builtIn('accuracy'), counter('a')];
    const { figures, artefacts, perExample } = await evaluateModel({ predict, batches: two, metrics });
    expect(figures).toEqual({ errors: 2, accuracy: 1 / 3, count: 3, a: 2 });
    const answers = artefacts.predictions as Predictions;
    expect([...answers.indices]).toEqual([5, 3, 9]);
    expect([...answers.predicted]).toEqual([0, 0, -1]);
    expect([...answers.truth]).toEqual([0, 1, 1]);
    expect(answers.confidence[0]).toBeCloseTo(0.75, 6);
    expect(answers.confidence[2]).toBeNaN();
    const wrong = { figures: ['errors', 'accuracy'], better: 'lower', values: Float64Array.of(0, 1, 1) };
    expect(perExample).toEqual({ errors: wrong, accuracy: wrong });
  });

  it('leaves out metrics that need a teacher when there is none', async () => {
    const metrics = [counter('with', ['logits']), counter('without')];
    const figuresWith = async (more: Partial<EvaluateModel>) =>
      (await evaluateModel({ predict, batches: two, metrics, ...more })).figures;
    expect(await figuresWith({})).toEqual({ without: 2 });
    // All metrics of one evaluation see the same teacher.
    expect(await figuresWith({ teacherOutputs: predict })).toEqual({ with: 200, without: 200 });
  });

  it('asks model and teacher for the outputs that metrics need, and for nothing else', async () => {
    const asked: (readonly string[])[] = [];
    const asking = (from: Batch, outputs: readonly string[]) => {
      asked.push(outputs);
      return predict(from);
    };
    const metrics = [
      counter('a', ['logits'], ['logits']),
      counter('b', ['hint'], ['logits', 'hidden']),
      counter('c'),
    ];
    const batches = two.slice(0, 1);
    await evaluateModel({ predict: asking, teacherOutputs: asking, batches, metrics });
    expect(asked).toEqual([
      ['logits', 'hidden'],
      ['logits', 'hint'],
    ]);
    // Without a teacher, what only its metrics read is not computed either; without such a metric it is not asked.
    asked.length = 0;
    await evaluateModel({ predict: asking, batches, metrics });
    await evaluateModel({ predict: asking, teacherOutputs: asking, batches, metrics: [counter('c')] });
    expect(asked).toEqual([[], []]);
  });

  it('starts from nothing each time', async () => {
    const metrics = [counter('a'), await builtIn('accuracy')];
    const first = await evaluateModel({ predict, batches: two, metrics });
    expect(await evaluateModel({ predict, batches: two, metrics })).toEqual(first);
  });

  it('refuses two metrics that give a figure of the same name, before it runs the model', async () => {
    let ran = false;
    const run = evaluateModel({
      predict: (from) => {
        ran = true;
        return predict(from);
      },
      batches: two,
      metrics: [counter('a'), counter('a')],
    });
    await expect(run).rejects.toMatchObject({
      message: expect.stringContaining('two metrics of `evaluate` both give a figure named `a`') as string,
      records: [{ hint: expect.stringContaining('name: other') as string }],
    });
    expect(ran).toBe(false);
  });

  it('takes no batches at all', async () => {
    const metrics = [await builtIn('accuracy')];
    const { count, figures, artefacts } = await evaluateModel({ predict, batches: [], metrics });
    expect(count).toBe(0);
    expect(figures).toEqual({ errors: NaN, accuracy: NaN, count: 0 });
    expect((artefacts.predictions as Predictions).predicted).toHaveLength(0);
  });

  it('keeps no answers of a model that does not classify examples', async () => {
    const frames = (from: Batch): Promise<HostTensors> =>
      Promise.resolve({
        logits: { dtype: 'float32', shape: [from.size, 3, 2], data: new Float32Array(from.size * 6) },
      });
    const batches = two.map(({ tensors: _, ...rest }): Batch => {
      const shape = [rest.size, 3];
      return {
        ...rest,
        tensors: { label: { dtype: 'int32', shape, data: new Int32Array(rest.size * 3) } },
      };
    });
    const metrics = [await builtIn('accuracy')];
    const { artefacts, figures } = await evaluateModel({ predict: frames, batches, metrics });
    expect(figures).toEqual({ errors: 0, accuracy: 1, count: 9 });
    expect(artefacts).toEqual({});
  });
});

describe('figuresOf', () => {
  it('gives the figures in the order of the metrics', async () => {
    const metrics = [counter('z'), await builtIn('accuracy'), counter('a')];
    expect(figuresOf(metrics).map(({ name }) => name)).toEqual(['z', 'errors', 'accuracy', 'count', 'a']);
  });
});
