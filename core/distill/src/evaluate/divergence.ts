// Divergence: how far the student's probabilities lie from the teacher's.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, teacherOutputOption } from './field.js';
import { rowMetric } from './row-metric.js';
import { logSumExp, sameRows, scoreRows, withinLengths, type Rows } from './rows.js';

/** KL(p || q) of one row in nats, p the teacher's softmax at the temperature. A probability of 0 in p adds nothing. */
function klOfRow(teacher: Rows, student: Rows, row: number, temperature: number): number {
  const start = row * teacher.classes;
  const normP = logSumExp(teacher, row, temperature);
  const normQ = logSumExp(student, row, temperature);
  let sum = 0;
  for (let c = 0; c < teacher.classes; c++) {
    const logP = (teacher.data[start + c] as number) / temperature - normP;
    const logQ = (student.data[start + c] as number) / temperature - normQ;
    const p = Math.exp(logP);
    if (p !== 0) sum += p * (logP - logQ);
  }
  return sum;
}

/**
 * `divergence`, the mean of KL(teacher || student) in nats; at another temperature than 1 the name carries it
 * (`divergenceT4`), so that several can stand in one recipe. Unlike the loss, no factor T^2: it is not differentiated.
 */
export const divergence = metric('divergence', {
  help: "mean Kullback-Leibler divergence from the teacher's probabilities to the student's, in nats",
  options: z.strictObject({
    temperature: z
      .number()
      .positive()
      .default(1)
      .describe('both sides are softened by it before they are compared'),
    output: outputOption,
    teacherOutput: teacherOutputOption,
  }),
  needsTeacher: true,
  create({ temperature, output, teacherOutput }) {
    const name = temperature === 1 ? 'divergence' : `divergenceT${temperature}`;
    const at = temperature === 1 ? '' : `, T = ${temperature}`;
    return rowMetric({
      needs: { model: [output], teacher: [teacherOutput], batch: [] },
      figures: [
        {
          name,
          title: `Divergence from teacher${at}`,
          help: 'mean Kullback–Leibler divergence of the probabilities, in nats',
          unit: 'nats',
          better: 'lower',
        },
      ],
      perExample: { figures: [name], better: 'lower' },
      rows({ model, teacher }) {
        const rows = scoreRows(model, output);
        const theirs = scoreRows(teacher, teacherOutput, 'teacher output');
        sameRows(rows, theirs);
        const within = withinLengths(
          teacher,
          teacherOutput,
          teacher[teacherOutput]?.shape.slice(0, -1) ?? [],
        );
        return Array.from({ length: rows.count }, (_, row) =>
          within?.[row] === 0 ? undefined : klOfRow(theirs, rows, row, temperature),
        );
      },
      result: (sum, count) => ({ [name]: sum / count }),
    });
  },
});
