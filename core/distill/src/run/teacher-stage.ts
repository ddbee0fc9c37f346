// Stage `teacher`: trains the recipe whose student is the teacher, or finds its complete run, and opens it.
import type { Stage } from './context.js';
import { openRunTeacher } from './run-teacher.js';

export const teacherStage: Stage<'teacher'> = {
  name: 'teacher',
  async run(context) {
    const { planned, executeTeacher, container, data, log } = context;
    if (!planned.teacher || !executeTeacher) return undefined;
    const run = await executeTeacher();
    const teacher = await openRunTeacher(
      planned.teacher.recipe,
      run,
      data.description,
      container.services,
      log,
    );
    context.onDispose(() => teacher.dispose());
    context.teacher = teacher;
    return run;
  },
};
