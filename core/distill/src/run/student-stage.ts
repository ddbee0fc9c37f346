// Stage `student`: the distilled student; without a teacher, simply the trained one.
import type { Stage } from './context.js';
import { trainStudent } from './train-student.js';

export const studentStage: Stage<'student'> = {
  name: 'student',
  run: (context) => trainStudent(context, 'student'),
};
