// Models on a data set: the recipe's metrics, with the teacher beside them where there is one.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Evaluation, HostTensors, Metric, Teacher, TeacherStore } from '../contracts/index.js';
import { batches, fitAnswers } from '../data/index.js';
import { evaluateModel, needsTeacher, outputsRead } from '../evaluate/evaluate-model.js';
import { onlyOutputs } from '../store/index.js';
import { teacherKey } from '../train/views.js';
import type { OpenData } from './data.js';
import type { ModelSummary } from './summary.js';

/** Examples a batch where nothing is trained. */
export const evaluationBatch = 256;

/** A model's outputs, those named or more. */
type Predicting = (batch: Batch, outputs: readonly string[]) => Promise<HostTensors>;

export interface Evaluator {
  /** All metrics of a model on the data; those that need a teacher when there is one. */
  evaluate(data: OpenData, predict: Predicting): Promise<Evaluation>;
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
  const batchesOf = ({ dataset, transforms, name }: OpenData) =>
    batches(dataset, { size: evaluationBatch, transforms, name, random: random.child(name) });
  const offered = Object.keys(teacher?.outputs ?? {});
  // The teacher itself is measured by what it can answer.
  const ofTeacher = metrics.filter(
    (metric) => !needsTeacher(metric) && metric.needs.model.every((name) => offered.includes(name)),
  );
  const read = [...outputsRead(metrics, 'teacher'), ...outputsRead(ofTeacher, 'model')];
  const asked = teacher && read.length > 0 ? onlyOutputs(teacher, read) : undefined;
  const answers = async (data: OpenData) => {
    if (!asked) return undefined;
    const opened = await store.open({ key: teacherKey(asked, data), teacher: asked, size: data.size });
    const { spec } = data.dataset;
    return async (batch: Batch) => fitAnswers(await opened.read(batch), asked.outputs, batch, spec);
  };
  return {
    async evaluate(data, predict) {
      const teacherOutputs = await answers(data);
      return evaluateModel({
        predict,
        batches: batchesOf(data),
        metrics,
        ...(teacherOutputs ? { teacherOutputs } : {}),
      });
    },
    async evaluateTeacher(data) {
      const predict = await answers(data);
      return predict && evaluateModel({ predict, batches: batchesOf(data), metrics: ofTeacher });
    },
  };
}

/** The figures of an evaluation as a summary holds them. */
export function summaryFigures(evaluation: Evaluation | undefined): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(evaluation?.figures ?? {}).map(([name, value]) => [
      name,
      Number.isFinite(value) ? value : null,
    ]),
  );
}

/** A model as a summary holds it. */
export function modelSummary(
  evaluation: Evaluation | undefined,
  size: {
    readonly parameters?: number | undefined;
    readonly bytes?: number | undefined;
    readonly latencyMs?: number | undefined;
  },
): ModelSummary {
  return {
    figures: summaryFigures(evaluation),
    parameters: size.parameters ?? null,
    bytes: size.bytes ?? null,
    latencyMs: size.latencyMs ?? null,
  };
}
