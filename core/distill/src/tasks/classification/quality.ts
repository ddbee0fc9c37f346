// Is the teacher any good on this data, and do student and teacher agree before training?
import type { Finding, HostTensor } from '../../contracts/index.js';
import { tenths } from '../../report/format.js';
import { argmax } from '../../evaluate/rows.js';

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
  const said = `the teacher answers ${tenths(accuracy)} of ${judged} examples as labelled; chance is ${tenths(chance)}`;
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
      message: `before training, the student gives the teacher's answer for ${tenths(same / mine.length)} of the examples`,
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
