// What classification looks at before training: classes, their order, chance, agreement.
import type {
  DataDescription,
  Finding,
  Student,
  TaskParts,
  TaskSample,
  Teacher,
} from '../../contracts/index.js';
import { checkAnswers, scoresOf } from './answers.js';
import { checkLabels, type ClassesOf } from './labels.js';
import { agreementAtStart } from './quality.js';

/** Compares the classes of data, student and teacher; see {@link checkLabels}. Needs no examples. */
export function checkParts({ data, student, teacher }: TaskParts): Finding[] {
  return [checkClasses(data, student, teacher)];
}

function checkClasses(data: DataDescription, student: Student, teacher: Teacher | undefined): Finding {
  const target = data.target === undefined ? undefined : data.spec[data.target];
  const classification = target?.dtype === 'int32' && target.shape.length === 0;
  const own: ClassesOf = { who: 'the data', labels: data.labels, count: data.labels?.length };
  const others: ClassesOf[] = [];
  if (classification || !teacher)
    others.push({ who: 'the student', labels: undefined, count: classes(student.outputs.logits?.shape) });
  if (teacher)
    others.push({
      who: 'the teacher',
      labels: teacher.labels,
      count: classes(teacher.outputs.logits?.shape) ?? teacher.labels?.length,
    });
  return checkLabels(own, others);
}

/** Length of the last axis, when it is known. */
function classes(shape: readonly (number | null)[] | undefined): number | undefined {
  return shape?.at(-1) ?? undefined;
}

/** Throws `PREFLIGHT_PROBABILITIES` and `PREFLIGHT_CLASS_ORDER`; what is only suspicious comes back as warnings. */
export function checkSample({ data, sample, student, teacher, answers }: TaskSample): Finding[] {
  const findings = checkAnswers(answers, sample, data, teacher);
  const [mine, theirs] = [student && scoresOf(student), scoresOf(answers)];
  if (mine && theirs) findings.push(...agreementAtStart(mine, theirs));
  return findings;
}
