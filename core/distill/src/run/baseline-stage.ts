// Stage `baseline`: the student trained without its teacher, for comparison.
import type { Stage } from './context.js';
import { trainStudent } from './train-student.js';

export const baselineStage: Stage<'baseline'> = {
  name: 'baseline',
  applies: ({ trainsBaseline }) => trainsBaseline,
  run: (context) => trainStudent(context, 'baseline'),
};
