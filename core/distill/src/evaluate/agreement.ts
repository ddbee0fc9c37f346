// Agreement: how often the student answers as its teacher does, right or wrong.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, teacherOutputOption } from './field.js';
import { rowMetric } from './row-metric.js';
import { argmax, sameRows, scoreRows, withinLengths } from './rows.js';

/** `agreement` in [0, 1]. A row with a NaN score on either side does not agree. Needs no labels. */
export const agreement = metric('agreement', {
  help: "share of examples whose highest score is the teacher's",
  options: z.strictObject({ output: outputOption, teacherOutput: teacherOutputOption }),
  needsTeacher: true,
  create: ({ output, teacherOutput }) =>
    rowMetric({
      needs: { model: [output], teacher: [teacherOutput], batch: [] },
      figures: [
        {
          name: 'agreement',
          title: 'Agreement with teacher',
          help: 'share of examples answered as the teacher does, right or wrong',
          unit: 'share',
          better: 'higher',
        },
      ],
      perExample: { figures: ['agreement'], better: 'higher' },
      rows({ model, teacher }) {
        const rows = scoreRows(model, output);
        const theirs = scoreRows(teacher, teacherOutput, 'teacher output');
        sameRows(rows, theirs);
        const within = withinLengths(
          teacher,
          teacherOutput,
          teacher[teacherOutput]?.shape.slice(0, -1) ?? [],
        );
        return Array.from({ length: rows.count }, (_, row) => {
          if (within?.[row] === 0) return undefined;
          const answer = argmax(rows, row);
          return Number(answer >= 0 && answer === argmax(theirs, row));
        });
      },
      result: (same, count) => ({ agreement: same / count }),
    }),
});
