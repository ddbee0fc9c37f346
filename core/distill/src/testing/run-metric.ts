// A metric over given batches.
import type { AnyComponent, Contexts } from '../contracts/index.js';
import { makeComponent, type Given } from './make-component.js';
import { tinyDataset } from './tiny.js';
import { hostTensors, type Values } from './values.js';

/** Outputs of a model and its teacher for one batch, and the batch's fields; the batch axis first. */
export interface MetricBatch {
  readonly model: Readonly<Record<string, Values>>;
  readonly teacher?: Readonly<Record<string, Values>>;
  /** Write class indices as `int32([0, 2])`. */
  readonly batch?: Readonly<Record<string, Values>>;
}

export interface MetricTrial extends Given {
  readonly batches: readonly MetricBatch[];
  /** What `create` is told of the data. Default: the tiny data set, whose target is `label`. */
  readonly context?: Partial<Contexts['metric']>;
}

/** Makes the metric and gives its figures over all batches, by name. It is reset first, as in a run. */
export async function runMetric(
  component: AnyComponent,
  trial: MetricTrial,
): Promise<Readonly<Record<string, number>>> {
  const metric = await makeComponent('metric', component, { data: tinyDataset(), ...trial.context }, trial);
  metric.reset();
  let seen = 0;
  for (const { model, teacher = {}, batch = {} } of trial.batches) {
    const outputs = hostTensors(model);
    const size = Object.values(outputs)[0]?.shape[0] ?? 0;
    await metric.update({
      model: outputs,
      teacher: hostTensors(teacher),
      batch: { size, tensors: hostTensors(batch), indices: Array.from({ length: size }, (_, i) => seen + i) },
    });
    seen += size;
  }
  return metric.result();
}
