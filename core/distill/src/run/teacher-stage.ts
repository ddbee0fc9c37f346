// Stage `teacher`: trains the recipe whose student is the teacher, or finds its complete run, and opens it.
import { PotstillError } from '../errors/potstill-error.js';
import type { RunContext, Stage } from './context.js';
import { openRunTeacher, type CompleteRun } from './run-teacher.js';
import { aligned } from './task-of.js';
import { runTeacherOptions } from './taught.js';

export const teacherStage: Stage<'teacher'> = {
  name: 'teacher',
  async run(context) {
    const run = await openTrained(context);
    await refuseAnother(context);
    return run;
  },
};

async function openTrained(context: RunContext): Promise<CompleteRun | undefined> {
  const { planned, executeTeacher, container, data, task, log } = context;
  if (!planned.teacher || !executeTeacher) return undefined;
  const run = await executeTeacher();
  const { recipe } = planned.teacher;
  const how = runTeacherOptions(context.plan);
  const opened = await openRunTeacher(recipe, run, data.description, container.services, log, how);
  const teacher = aligned(task.task, opened, data.description);
  context.onDispose(() => teacher.dispose());
  context.teacher = teacher;
  return run;
}

/** A run that began with one teacher does not continue with another: a model file may have been replaced meanwhile. */
async function refuseAnother({ folder, teacher }: RunContext): Promise<void> {
  if (!teacher) return;
  const { fingerprint } = teacher;
  const known = folder.finished<{ readonly fingerprint: string }>('teacher');
  if (!known) return folder.finish('teacher', { fingerprint });
  if (known.fingerprint === fingerprint) return;
  throw new PotstillError({
    code: 'RUN_OTHER_RECIPE',
    message: `${folder.path} began with another teacher: its weights, outputs or preprocessing have changed`,
    hint: 'Run without --resume, or restore the teacher.',
    location: { file: folder.path },
  });
}
