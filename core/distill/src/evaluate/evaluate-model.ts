// Runs a model over data and collects metrics and the prediction for each example.
import type { Batch, HostTensors, Metric, MetricValue } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { argmax, confidence, scoreRows, targetRows } from './rows.js';

/** A classifier's predictions, in the order seen. All arrays have one element per example. */
export interface Predictions {
  /** Index of the example in its data set. */
  readonly indices: Int32Array;
  /** Class with the highest score; -1 when a score was NaN. */
  readonly predicted: Int32Array;
  /** Softmax probability of that class; NaN when a score was NaN. */
  readonly confidence: Float32Array;
  /** The true class, when `target` was named; negative where it is not known. */
  readonly truth?: Int32Array;
}

/** The result of an evaluation. */
export interface Evaluation {
  /** Number of examples seen. */
  readonly count: number;
  /** All metrics' values by name. */
  readonly values: Readonly<Record<string, MetricValue>>;
  /** Absent when the model's scores are not [batch, classes]: another task than classifying examples. */
  readonly predictions?: Predictions;
}

export interface EvaluateModel {
  /** The model under evaluation: outputs with the batch axis first. */
  readonly predict: (batch: Batch) => Promise<HostTensors>;
  /** Outputs of the teacher it is compared with. Without it, metrics that need a teacher are left out. */
  readonly teacherOutputs?: (batch: Batch) => Promise<HostTensors>;
  readonly batches: AsyncIterable<Batch> | Iterable<Batch>;
  readonly metrics: readonly Metric[];
  /** The output whose answers are kept example by example. Default `logits`. */
  readonly output?: string;
  /** The field with the truth (`data.target`), to be kept beside the answers. */
  readonly target?: string | undefined;
}

/** Two metrics may not give a value of the same name: one would hide the other. Found before anything runs. */
export function refuseSameNames(metrics: readonly Metric[]): void {
  const seen = new Set<string>();
  for (const metric of metrics)
    for (const name of Object.keys(metric.result())) {
      if (seen.has(name))
        throw new PotstillError({
          code: 'RECIPE_BAD_VALUE',
          message: `two metrics of \`evaluate\` both give a value named \`${name}\``,
          path: 'evaluate',
          hint: 'Remove one of them.',
        });
      seen.add(name);
    }
}

/** Collects answers as long as the scores are one row an example; a model of another kind leaves it empty-handed. */
function predictionKeeper(output: string, target: string | undefined) {
  const indices: number[] = [];
  const predicted: number[] = [];
  const sure: number[] = [];
  const truth: number[] = [];
  let classifies = true;
  return {
    update(scores: HostTensors, batch: Batch): void {
      const tensor = scores[output];
      classifies &&= tensor?.dtype === 'float32' && tensor.shape.length === 2;
      if (!classifies) return;
      const rows = scoreRows(scores, output, 'output');
      if (target !== undefined) truth.push(...targetRows(batch.tensors, target, rows));
      for (let row = 0; row < rows.count; row++) {
        indices.push(batch.indices[row] ?? -1);
        predicted.push(argmax(rows, row));
        sure.push(confidence(rows, row));
      }
    },
    result: (): Predictions | undefined =>
      classifies
        ? {
            indices: Int32Array.from(indices),
            predicted: Int32Array.from(predicted),
            confidence: Float32Array.from(sure),
            ...(target === undefined ? {} : { truth: Int32Array.from(truth) }),
          }
        : undefined,
  };
}

/**
 * Evaluates a model. Metrics are reset first, so they can be used again. Batches are taken one after another; the
 * order and the split into batches do not change the values (sums apart from float64 rounding).
 */
export async function evaluateModel(input: EvaluateModel): Promise<Evaluation> {
  const { predict, teacherOutputs, batches } = input;
  const metrics = input.metrics.filter((metric) => !metric.needsTeacher || teacherOutputs !== undefined);
  for (const metric of metrics) metric.reset();
  refuseSameNames(metrics);

  const keeper = predictionKeeper(input.output ?? 'logits', input.target);
  let count = 0;
  for await (const batch of batches) {
    const student = await predict(batch);
    const teacher = await teacherOutputs?.(batch);
    for (const metric of metrics)
      metric.update(teacher === undefined ? { student, batch } : { student, teacher, batch });
    keeper.update(student, batch);
    count += batch.size;
  }

  const values = Object.assign({}, ...metrics.map((metric) => metric.result())) as Record<
    string,
    MetricValue
  >;
  const predictions = keeper.result();
  return predictions === undefined ? { count, values } : { count, values, predictions };
}

/** The values that are numbers: what goes into events, logs and summaries. */
export function numbersOf(evaluation: Evaluation): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(evaluation.values))
    if (typeof value === 'number') numbers[name] = value;
  return numbers;
}
