// Models on a data set: the recipe's metrics, with the teacher beside them where there is one.
import type { RandomStream } from '@potstill/engine';
import type { Batch, HostTensors, Metric, Teacher, TeacherStore } from '../contracts/index.js';
import { batches } from '../data/index.js';
import { evaluateModel, type Evaluation } from '../evaluate/evaluate-model.js';
import { teacherKey } from '../train/views.js';
import type { OpenData } from './data.js';
import type { ModelSummary } from './summary.js';

/** Examples a batch where nothing is trained. */
export const evaluationBatch = 256;

export interface Evaluator {
  /** All metrics of a model on the data; those that need a teacher when there is one. */
  evaluate(data: OpenData, predict: (batch: Batch) => Promise<HostTensors>): Promise<Evaluation>;
  /** The same of the teacher itself, without the metrics that compare with a teacher. */
  evaluateTeacher(data: OpenData): Promise<Evaluation | undefined>;
}

export function createEvaluator(options: {
  readonly metrics: readonly Metric[];
  readonly teacher: Teacher | undefined;
  /** Keeps the teacher's answers between evaluations. */
  readonly store: TeacherStore;
  readonly random: RandomStream;
}): Evaluator {
  const { metrics, teacher, store, random } = options;
  const read = ({ dataset, transforms, name }: OpenData) =>
    batches(dataset, { size: evaluationBatch, transforms, name, random: random.child(name) });
  const answers = async (data: OpenData) => {
    if (!teacher) return undefined;
    const opened = await store.open({ key: teacherKey(teacher, data), teacher, size: data.size });
    return (batch: Batch) => opened.read(batch);
  };
  return {
    async evaluate(data, predict) {
      const teacherOutputs = await answers(data);
      return evaluateModel({
        predict,
        batches: read(data),
        metrics,
        ...targetOf(data),
        ...(teacherOutputs ? { teacherOutputs } : {}),
      });
    },
    async evaluateTeacher(data) {
      const predict = await answers(data);
      return predict && evaluateModel({ predict, batches: read(data), metrics, ...targetOf(data) });
    },
  };
}

/** With the truth, each example's answer is kept for the report's pictures. */
function targetOf({ dataset: { target } }: OpenData): { readonly target?: string } {
  return target === undefined ? {} : { target };
}

/** The numbers of an evaluation as a summary holds them. */
export function modelSummary(
  evaluation: Evaluation | undefined,
  size: {
    readonly parameters?: number | undefined;
    readonly bytes?: number | undefined;
    readonly latencyMs?: number | undefined;
  },
): ModelSummary {
  const metrics: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(evaluation?.values ?? {}))
    if (typeof value === 'number') metrics[name] = Number.isFinite(value) ? value : null;
  return {
    errors: metrics.errors ?? null,
    accuracy: metrics.accuracy ?? null,
    agreement: metrics.agreement ?? null,
    parameters: size.parameters ?? null,
    bytes: size.bytes ?? null,
    latencyMs: size.latencyMs ?? null,
    metrics,
  };
}
