// Labels the training data of a recipe without training its student.
import { openRecipe, type OpenRecipe } from '../container/open-recipe.js';
import { PotstillError } from '../errors/potstill-error.js';
import { aborted, untilAborted } from '../train/until-aborted.js';
import type { Labelled } from '../train/label-ahead.js';
import { builtInPlugin } from './built-in.js';
import { stage } from './context.js';
import { executeRun } from './execute-run.js';
import { label, labelledText, readTeacher } from './label.js';
import type { RunOptions } from './options.js';
import { prepareRun, type PreparedRun } from './prepare-run.js';
import { openRunTeacher } from './run-teacher.js';
import { aligned } from './task-of.js';
import { runTeacherOptions } from './taught.js';
import { planTeachers } from './teachers.js';

/**
 * Fills the store of the runs folder as the stage `label` of a run does. A teacher that is a recipe is trained first,
 * unless there is a complete run of it. `RECIPE_NO_TEACHER` where nothing reads a teacher; `TRAIN_INTERRUPTED`.
 */
export async function labelRecipe(
  recipe: OpenRecipe,
  options: Omit<RunOptions, 'runFolder' | 'resume'> = {},
): Promise<Labelled> {
  const { known, signal } = options;
  const planned = await planTeachers(recipe, (file, set) =>
    openRecipe(file, { set, builtIn: [builtInPlugin], ...(known ? { known } : {}) }),
  );
  const prepared = await prepareRun(planned, options);
  try {
    prepared.log.withoutFolder();
    const { container, data, task, student, log } = prepared;
    const { plan } = recipe;
    const context = { plan, container, data, task, student, teacher: await teacherOf(prepared) };
    const teacher = await readTeacher(context);
    if (!teacher)
      throw new PotstillError(
        plan.trace.place({
          code: 'RECIPE_NO_TEACHER',
          message: 'no loss of this recipe reads a teacher, so there is nothing to label',
          path: 'losses',
        }),
      );
    const labelling = { ...context, random: container.services.random, log, signal };
    const work = async () => {
      const labelled = await untilAborted(signal, label(labelling, teacher));
      if (labelled === aborted || signal?.aborted) throw stopped();
      return labelled;
    };
    return await stage(log, 'label', work, labelledText);
  } finally {
    await prepared.dispose();
  }
}

function stopped(): PotstillError {
  return new PotstillError({
    code: 'TRAIN_INTERRUPTED',
    message: 'label: stopped before it was done',
    hint: 'Run the command again to continue: what is stored is not asked for again.',
  });
}

async function teacherOf(prepared: PreparedRun) {
  const { teacherRun, container, data, log } = prepared;
  if (!teacherRun) return prepared.teacher;
  const { recipe } = teacherRun.planned;
  const run = await executeRun(teacherRun, { resume: 'if-there', reuse: 'student' });
  const how = runTeacherOptions(prepared.planned.recipe.plan);
  const teacher = await openRunTeacher(recipe, run, data.description, container.services, log, how);
  prepared.onDispose(() => teacher.dispose());
  return aligned(prepared.task.task, teacher, data.description);
}
