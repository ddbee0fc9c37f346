// Runs a model over data and collects what its metrics find.
import type { Batch, Evaluation, Figure, HostTensors, Metric, PerExample } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

export interface EvaluateModel {
  /** The model under evaluation: outputs with the batch axis first, those named or more. */
  readonly predict: (batch: Batch, outputs: readonly string[]) => Promise<HostTensors>;
  /** Outputs of the teacher it is compared with. Without it, metrics that need a teacher are left out. */
  readonly teacherOutputs?: (batch: Batch, outputs: readonly string[]) => Promise<HostTensors>;
  readonly batches: AsyncIterable<Batch> | Iterable<Batch>;
  readonly metrics: readonly Metric[];
}

/** Whether a metric compares with a teacher. */
export function needsTeacher({ needs }: Pick<Metric, 'needs'>): boolean {
  return needs.teacher.length > 0;
}

/** The figures of metrics, in their order. Two of one name are refused: one would hide the other. */
export function figuresOf(metrics: readonly Pick<Metric, 'figures'>[]): Figure[] {
  const figures = metrics.flatMap((metric) => metric.figures);
  const names = figures.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return figures;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `two metrics of \`evaluate\` both give a figure named \`${twice}\``,
    path: 'evaluate',
    hint: 'Remove one of them, or give one a name: `{ use: …, name: other }`.',
  });
}

/** The outputs that some of the metrics read. */
export function outputsRead(metrics: readonly Metric[], whose: 'model' | 'teacher'): string[] {
  return [...new Set(metrics.flatMap(({ needs }) => needs[whose]))];
}

/**
 * Evaluates a model. Metrics are reset first, so they can be used again. Batches are taken one after another; the
 * order and the split into batches do not change the figures (sums apart from float64 rounding).
 */
export async function evaluateModel(input: EvaluateModel): Promise<Evaluation> {
  const { predict, teacherOutputs, batches } = input;
  const metrics = input.metrics.filter((metric) => !needsTeacher(metric) || teacherOutputs !== undefined);
  for (const metric of metrics) metric.reset();
  figuresOf(metrics);
  const read = outputsRead(metrics, 'model');
  const asked = outputsRead(metrics, 'teacher');

  const indices: number[] = [];
  for await (const batch of batches) {
    const model = await predict(batch, read);
    const teacher = asked.length > 0 ? await teacherOutputs?.(batch, asked) : undefined;
    for (const metric of metrics) await metric.update({ model, teacher: teacher ?? {}, batch });
    for (const index of batch.indices) indices.push(index);
  }

  const figures: Record<string, number> = {};
  const artefacts: Record<string, unknown> = {};
  const perExample: Record<string, PerExample> = {};
  for (const metric of metrics) {
    Object.assign(figures, await metric.result());
    Object.assign(artefacts, metric.artefacts?.());
    const values = metric.perExample?.();
    for (const figure of values?.figures ?? []) if (values) perExample[figure] = values;
  }
  return { count: indices.length, indices: Int32Array.from(indices), figures, artefacts, perExample };
}
