// Is the teacher any good on this data, is it larger than the student, and do they agree before training?
import type { HostTensor } from '../contracts/index.js';
import { argmax } from '../evaluate/rows.js';
import type { Finding } from './finding.js';

/** The teacher's accuracy on the sample against chance (1 / classes); a warning when it is within three standard deviations. */
export function checkTeacherAccuracy(logits: HostTensor, targets: ArrayLike<number>): Finding[] {
  const classes = logits.shape.at(-1) ?? 0;
  const answers = argmaxRows(logits);
  const judged = answers.filter((_, row) => (targets[row] as number) >= 0).length;
  if (classes < 2 || judged === 0 || answers.length !== targets.length) return [];
  const right = answers.filter(
    (answer, row) => (targets[row] as number) >= 0 && answer === targets[row],
  ).length;
  const accuracy = right / judged;
  const chance = 1 / classes;
  const said = `the teacher answers ${percent(accuracy)} of ${judged} examples as labelled; chance is ${percent(chance)}`;
  if (accuracy < chance + 3 * Math.sqrt((chance * (1 - chance)) / judged))
    return [
      {
        level: 'warning',
        code: 'PREFLIGHT_TEACHER_CHANCE',
        message: `${said}: no better than guessing`,
        hint: "Check that the teacher's weights were loaded, and that it receives inputs as in its own training (scale, mean, layout).",
      },
    ];
  return [{ level: 'ok', code: 'teacher', message: said }];
}

/** Where both numbers of weights are known and the teacher's is smaller: were they swapped? */
export function checkSizes(teacher: number | undefined, student: number): Finding[] {
  if (teacher === undefined) return [];
  const said = `teacher ${teacher.toLocaleString('en')} weights, student ${student.toLocaleString('en')}`;
  if (teacher >= student) return [{ level: 'ok', code: 'sizes', message: said }];
  return [
    {
      level: 'warning',
      code: 'PREFLIGHT_TEACHER_SMALLER',
      message: `${said}: the teacher is the smaller one`,
      hint: 'Were teacher and student swapped? If not, ignore this warning: a small teacher can still help.',
    },
  ];
}

/** How often both give the same answer before any training. */
export function agreementAtStart(student: HostTensor, teacher: HostTensor): Finding[] {
  if (student.shape.join() !== teacher.shape.join()) return [];
  const mine = argmaxRows(student);
  const theirs = argmaxRows(teacher);
  if (mine.length === 0) return [];
  const same = mine.filter((answer, row) => answer >= 0 && answer === theirs[row]).length;
  return [
    {
      level: 'ok',
      code: 'agreement',
      message: `before training, the student gives the teacher's answer for ${percent(same / mine.length)} of the examples`,
    },
  ];
}

/** Index of the largest score of each row [rows, classes]; -1 where one is NaN. */
export function argmaxRows({ data, shape }: HostTensor): number[] {
  const classes = shape.at(-1) ?? 0;
  if (data instanceof Float32Array && shape.length >= 2 && classes > 0) {
    const rows = { data, classes, count: data.length / classes };
    return Array.from({ length: rows.count }, (_, row) => argmax(rows, row));
  }
  return [];
}

/** 0.8333 as `83.3 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
