// Agreement: how often the student answers as its teacher does, right or wrong.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, teacherOutputOption } from './field.js';
import { argmax, sameRows, scoreRows } from './rows.js';

/** `agreement` in [0, 1]. A row with a NaN score on either side does not agree. Needs no labels. */
export const agreement = metric('agreement', {
  help: "share of examples whose highest score is the teacher's",
  options: z.strictObject({ output: outputOption, teacherOutput: teacherOutputOption }),
  needsTeacher: true,
  create({ output, teacherOutput }) {
    let same = 0;
    let count = 0;
    return {
      needsTeacher: true,
      update({ student, teacher }) {
        const rows = scoreRows(student, output, 'student output');
        const theirs = scoreRows(teacher ?? {}, teacherOutput, 'teacher output');
        sameRows(rows, theirs);
        for (let row = 0; row < rows.count; row++) {
          const answer = argmax(rows, row);
          if (answer >= 0 && answer === argmax(theirs, row)) same++;
        }
        count += rows.count;
      },
      result: () => ({ agreement: count === 0 ? NaN : same / count }),
      reset() {
        same = 0;
        count = 0;
      },
    };
  },
});
