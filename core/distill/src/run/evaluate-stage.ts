// Stage `evaluate`: teacher, student alone and final student on the same data, with size and speed.
import type { Evaluation, Example } from '../contracts/index.js';
import { measureLatency } from '../export/latency.js';
import { readWeights } from '../train/checkpoint.js';
import { compareStudent, comparisonData, evaluateWith, speedExample, type Compared } from './compare.js';
import { stage, type RunContext, type Stage } from './context.js';
import { measureTeacher, type Size } from './measure.js';
import { adjustedWeights } from './names.js';
import { exportedOnnx } from './run-teacher.js';
import { comparePeers } from './peers.js';
import { warnAboutResults } from './warn-about-results.js';

/** The models that are compared. */
export interface Comparison {
  /** The example on which speed is measured; undefined when there is none. */
  readonly example: Example | undefined;
  readonly teacher: Compared | undefined;
  /** Those that the teacher is made of, by name; undefined where it is one. */
  readonly teachers: Readonly<Record<string, Compared>> | undefined;
  readonly baseline: Compared | undefined;
  readonly student: Compared;
  /** Students that were trained beside it; undefined where there are none. */
  readonly peers: Readonly<Record<string, Compared>> | undefined;
  /** The student before it was adjusted; undefined where it was not. */
  readonly unadjusted: Evaluation | undefined;
}

/** Leaves the final weights in the student. */
export const evaluateStage: Stage<'evaluate'> = {
  name: 'evaluate',
  async run(context) {
    const compared = await stage(context.log, 'evaluate', () => compare(context));
    warnAboutResults(context, {
      teacher: compared.teacher?.evaluation,
      baseline: compared.baseline?.evaluation,
      student: compared.student.evaluation,
    });
    return compared;
  },
};

async function compare(context: RunContext): Promise<Comparison> {
  const { folder, results, plan } = context;
  const example = await speedExample(context);
  const best = folder.file('student', 'best.safetensors');
  // The exported file is measured then; no second one is made for it.
  const exportedLater = plan.exporters.some(({ definition }) => definition.name === 'onnx');
  return {
    example,
    ...(await compareTeacher(context, example)),
    baseline:
      results.baseline &&
      (await compareStudent(context, folder.file('baseline', 'best.safetensors'), example)),
    student: await compareStudent(context, finalWeightsOf(context), exportedLater ? undefined : example),
    peers: await comparePeers(context),
    unadjusted: results.adjust && (await evaluateWith(context, (await readWeights(best)).variables, best)),
  };
}

/** The file of the student's weights after any adjustment. */
export function finalWeightsOf({ folder, results }: RunContext): string {
  return results.adjust ? folder.file(...adjustedWeights) : folder.file('student', 'best.safetensors');
}

async function sizeOfTeacher({ teacher, results }: RunContext, example: Example | undefined): Promise<Size> {
  if (!teacher || !example)
    return { parameters: teacher?.parameters, bytes: teacher?.bytes, latencyMs: undefined };
  const size = await measureTeacher(teacher, example);
  // The exported file is what others run; measured beside the student's, it is compared fairly.
  const file = results.teacher && (await exportedOnnx(results.teacher));
  return file === undefined ? size : { ...size, latencyMs: await measureLatency(file, example) };
}

/** The teacher, and each of those that it is made of. How long one of these takes would have to be asked, and is not. */
async function compareTeacher(
  context: RunContext,
  example: Example | undefined,
): Promise<Pick<Comparison, 'teacher' | 'teachers'>> {
  const { teacher, evaluator } = context;
  if (!teacher) return { teacher: undefined, teachers: undefined };
  const found = await evaluator.evaluateTeacher(comparisonData(context).data);
  const size = await sizeOfTeacher(context, example);
  const alone = Object.entries(found?.members ?? {}).map(([name, evaluation]): [string, Compared] => {
    const { parameters, bytes } = teacher.members?.[name] ?? {};
    return [name, { evaluation, size: { parameters, bytes, latencyMs: undefined } }];
  });
  return {
    teacher: { evaluation: found?.evaluation, size },
    teachers: alone.length > 0 ? Object.fromEntries(alone) : undefined,
  };
}
