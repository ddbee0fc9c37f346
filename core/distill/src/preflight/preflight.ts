// The checks before training: errors for what cannot work, warnings for what looks wrong, and a forecast.
import { performance } from 'node:perf_hooks';
import type { Engine, HostTensors, Optimizer, RandomStream } from '@potstill/engine';
import type { Batch, DataDescription, Finding, Student, Task, Teacher } from '../contracts/index.js';
import { parameterCount } from '../students/index.js';
import { canBeKept, onlyOutputs } from '../store/index.js';
import { fieldsOf } from '../train/fields.js';
import { askedOutputs, askedTeacher } from '../train/learners.js';
import type { WeightedLoss } from '../train/objective.js';
import { checkGradients } from './gradients.js';
import { forecast } from './forecast.js';
import { checkSteady } from './steady.js';
import { checkSizes } from './sizes.js';
import { checkStudentOutputs } from './outputs.js';
import { checkInputs, checkTaps } from './taps.js';

export interface PreflightInput {
  readonly engine: Engine;
  readonly task: Task;
  readonly data: DataDescription;
  /** Examples drawn over the whole training data, as they are trained on. */
  readonly sample: Batch;
  /** The sample is drawn from the first so many examples: all of them, except of a long stream. */
  readonly drawnFrom: number;
  /** A batch of the size that training uses. */
  readonly batch: Batch;
  readonly student: Student;
  readonly teacher: Teacher | undefined;
  readonly losses: readonly WeightedLoss[];
  readonly optimizer: Optimizer;
  readonly random: RandomStream;
  readonly epochs: number;
  readonly examples: number;
  readonly trainings: number;
  /** Whether each example looks the same in every epoch, so that what the teacher answers may be kept. */
  readonly kept: boolean;
}

/**
 * Looks at a sample before anything is trained. Throws `PREFLIGHT_*`, `TEACHER_OUTPUT`,
 * `DATA_DAMAGED`; what is only suspicious comes back as warnings. Weights and random streams are not touched.
 */
export async function preflight(input: PreflightInput): Promise<Finding[]> {
  const { engine, data, sample, batch, student, losses } = input;
  const findings: Finding[] = [sampleFinding(input), ...checkInputs(sample, data.inputs)];

  const predictor = await engine.predictor({
    variables: student.variables,
    forward: (inputs, at) => student.forward(inputs, at),
  });
  let own: HostTensors;
  try {
    own = await predictor.run(fieldsOf(sample, data.inputs));
  } finally {
    await predictor.dispose();
  }
  checkStudentOutputs(student.outputs, own, sample.size);

  let teacherOutputs: HostTensors = {};
  let teacherMs = 0;
  let kept = false;
  const taughtBy = input.teacher?.graph;
  const all = [...new Set(losses.flatMap(({ loss }) => loss.needs.teacher))];
  // Of a teacher that is computed in the step, the one that it asks.
  const teacher = askedTeacher(input.teacher) ?? (taughtBy?.fixed ? input.teacher : undefined);
  if (teacher) {
    const answers = await teacher.label(sample);
    const read = askedOutputs(taughtBy, all);
    findings.push(...checkTaps(answers, read, sample, teacher.sources));
    findings.push(...checkSizes(teacher.parameters, parameterCount(student)));
    for (const message of teacher.remarks ?? []) findings.push({ level: 'ok', code: 'aligned', message });
    findings.push(...(await checkSteady(teacher, sample, answers)));
    findings.push(...(input.task.checkSample?.({ data, sample, student: own, teacher, answers }) ?? []));
    if (read.length > 0) {
      const asked = onlyOutputs(teacher, read);
      kept = input.kept && canBeKept(asked);
      // The first answer to a batch of that shape may compile something.
      teacherOutputs = await asked.label(batch);
      const start = performance.now();
      await asked.label(batch);
      teacherMs = performance.now() - start;
    }
  }
  findings.push(...(await checkGradients({ ...input, inputs: data.inputs, teacherOutputs, taughtBy })));
  findings.push(await forecast({ ...input, inputs: data.inputs, teacherOutputs, taughtBy, teacherMs, kept }));
  return findings;
}

function sampleFinding({ sample, examples, drawnFrom }: PreflightInput): Finding {
  const count = (value: number) => value.toLocaleString('en');
  const where =
    drawnFrom < examples
      ? `the first ${count(drawnFrom)} of ${count(examples)} training examples, which are read as a stream`
      : `all ${count(examples)} training examples`;
  return {
    level: 'ok',
    code: 'sample',
    message:
      sample.size === examples ? `looked at ${where}` : `looked at ${count(sample.size)} drawn from ${where}`,
  };
}
