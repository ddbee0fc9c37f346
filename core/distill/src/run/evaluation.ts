// Models on a data set: the recipe's metrics, with the teacher beside them where there is one.
import type { RandomStream } from '@potstill/engine';
import type {
  Batch,
  Evaluation,
  HostTensors,
  Metric,
  Teacher,
  TeacherStore,
  TensorSpecs,
} from '../contracts/index.js';
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

interface EvaluatedTeacher {
  readonly evaluation: Evaluation;
  /** Of each of its members, from the same answers, on the data of `membersOn`; of none elsewhere. */
  readonly members: Readonly<Record<string, Evaluation>>;
}

export interface Evaluator {
  /** All metrics of a model on the data; those that need a teacher when there is one. */
  evaluate(data: OpenData, predict: Predicting): Promise<Evaluation>;
  /** The same of the teacher itself, without the metrics that compare with a teacher. */
  evaluateTeacher(data: OpenData): Promise<EvaluatedTeacher | undefined>;
}

export function createEvaluator(options: {
  readonly metrics: readonly Metric[];
  readonly teacher: Teacher | undefined;
  /** Keeps the teacher's answers between evaluations. */
  readonly store: TeacherStore;
  readonly random: RandomStream;
  /** Data on which the teacher's members are measured, too: what they answer there is kept with what the teacher answers. */
  readonly membersOn?: OpenData;
}): Evaluator {
  const { metrics, teacher, store, random, membersOn } = options;
  const batchesOf = ({ dataset, transforms, name }: OpenData) =>
    batches(dataset, { size: evaluationBatch, transforms, name, random: random.child(name) });
  // A teacher itself is measured by what it can answer.
  const measuring = (outputs: TensorSpecs = {}) =>
    metrics.filter(
      (metric) => !needsTeacher(metric) && metric.needs.model.every((name) => Object.hasOwn(outputs, name)),
    );
  const ofTeacher = measuring(teacher?.outputs);
  const members = Object.entries(teacher?.members ?? {}).map(([name, member]) => {
    const own = measuring(member.outputs);
    return { name, prefix: `${name}/`, member, own, read: outputsRead(own, 'model') };
  });
  const ofMembers = members.flatMap(({ prefix, read }) => read.map((output) => prefix + output));
  const read = [...outputsRead(metrics, 'teacher'), ...outputsRead(ofTeacher, 'model')];
  const answers = async (data: OpenData) => {
    if (!teacher || read.length === 0) return undefined;
    const asked = onlyOutputs(teacher, data === membersOn ? [...read, ...ofMembers] : read);
    const opened = await store.open({ key: teacherKey(asked, data), teacher: asked, size: data.size });
    const { spec } = data.dataset;
    return {
      ask: async (batch: Batch) => fitAnswers(await opened.read(batch), asked.outputs, batch, spec),
      kept: opened.keeps,
    };
  };
  return {
    async evaluate(data, predict) {
      const teacherOutputs = (await answers(data))?.ask;
      return evaluateModel({
        predict,
        batches: batchesOf(data),
        metrics,
        ...(teacherOutputs ? { teacherOutputs } : {}),
      });
    },
    async evaluateTeacher(data) {
      const given = await answers(data);
      if (!given) return undefined;
      const measured = data === membersOn ? members : [];
      const predict = given.kept || measured.length === 0 ? given.ask : once(given.ask);
      const evaluation = await evaluateModel({ predict, batches: batchesOf(data), metrics: ofTeacher });
      const found: Record<string, Evaluation> = {};
      for (const { name, prefix, member, own } of measured)
        found[name] = await evaluateModel({
          predict: async (batch) => member.alone(under(prefix, await predict(batch))),
          batches: batchesOf(data),
          metrics: own,
        });
      return { evaluation, members: found };
    },
  };
}

/** Asks once about each batch, where the store keeps no answers and batches are taken several times in the same order. */
function once(ask: (batch: Batch) => Promise<HostTensors>): (batch: Batch) => Promise<HostTensors> {
  const known = new Map<string, Promise<HostTensors>>();
  return (batch) => {
    const name = batch.indices.join();
    const answers = known.get(name) ?? ask(batch);
    known.set(name, answers);
    return answers;
  };
}

/** Those whose names begin so, without that beginning. */
function under(prefix: string, answers: HostTensors): HostTensors {
  return Object.fromEntries(
    Object.entries(answers).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
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
