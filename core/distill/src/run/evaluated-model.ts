// The model that `evaluate` measures: a finished student, the recipe's teacher, or an ONNX file.
import { resolve } from 'node:path';
import { openRecipe, type OpenRecipe } from '../container/open-recipe.js';
import type { RunContainer } from '../container/run-container.js';
import type { DataDescription, Task, Teacher } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { openModel } from '../teach/index.js';
import { builtInPlugin } from './built-in.js';
import { openData, type RunData } from './data.js';
import { latestRun, quietContainer } from './latest-run.js';
import { openRunTeacher, type RunTeacherOptions } from './run-teacher.js';
import { aligned } from './task-of.js';
import { runTeacherOptions } from './taught.js';
import { planTeachers } from './teachers.js';

export interface EvaluatedModel {
  /** As results call it: a path, or the teacher's name. */
  readonly name: string;
  /** As the task aligned it with the data. */
  readonly model: Teacher;
  /** Whether it is foreign to potstill, so that what it answers is to be looked at first. */
  readonly foreign: boolean;
}

interface Where {
  readonly recipe: OpenRecipe;
  readonly container: RunContainer;
  readonly data: RunData;
  readonly task: Task;
  readonly runsFolder: string;
}

/** The student of the folder, or of the latest complete run. `RUN_NO_CHECKPOINT` when there is none. */
export async function evaluatedStudent(where: Where, runFolder: string | undefined): Promise<EvaluatedModel> {
  const { recipe, container, data, task, runsFolder } = where;
  const run = await latestRun(recipe, data, {
    runsFolder,
    ...(runFolder === undefined ? {} : { runFolder }),
  });
  const { services } = container;
  const opened = await openRunTeacher(recipe, run, data.description, services, services.progress);
  return { name: run.folder.path, model: aligned(task, opened, data.description), foreign: false };
}

/** An ONNX file. One that potstill did not export is opened with the options of the recipe's teacher, when that is `onnx`. */
export async function evaluatedFile(
  { recipe, container, data, task }: Where,
  file: string,
): Promise<EvaluatedModel> {
  const { teacher } = recipe.plan;
  const known =
    teacher?.kind === 'component' && teacher.component.definition.name === 'onnx'
      ? teacher.component.options
      : {};
  const { model, foreign } = await openModel(resolve(file), data.description, container.services, known);
  return { name: file, model: aligned(task, model, data.description), foreign };
}

/** The recipe's teacher, as a run would use it. One that is a recipe must have been trained: `RUN_NO_CHECKPOINT`. */
export async function evaluatedTeacher({
  recipe,
  container,
  data,
  task,
  runsFolder,
}: Where): Promise<EvaluatedModel> {
  const { plan } = recipe;
  const { description } = data;
  if (plan.teacher?.kind === 'component') {
    const { component } = plan.teacher;
    const model = aligned(task, await container.make(component, { data: description }), description);
    return { name: `teacher ${component.definition.name}`, model, foreign: true };
  }
  const planned = await planTeachers(recipe, (path, set) =>
    openRecipe(path, { set, builtIn: [builtInPlugin] }),
  );
  if (!planned.teacher)
    throw new PotstillError({
      code: 'RECIPE_NO_TEACHER',
      message: `the recipe \`${plan.name}\` names no teacher`,
      hint: 'Add `teacher:` to the recipe, or leave out --teacher.',
    });
  const nested = planned.teacher.recipe;
  return {
    ...(await studentOf(nested, runsFolder, description, task, runTeacherOptions(plan))),
    name: `teacher ${nested.plan.name}`,
  };
}

async function studentOf(
  recipe: OpenRecipe,
  runsFolder: string,
  description: DataDescription,
  task: Task,
  how: RunTeacherOptions,
): Promise<EvaluatedModel> {
  const container = await quietContainer(recipe, runsFolder);
  const own = await openData(recipe.plan, container).catch(async (error: unknown) => {
    await container.dispose();
    throw error;
  });
  const dispose = async () => {
    await own.dispose();
    await container.dispose();
  };
  try {
    const run = await latestRun(recipe, own, { runsFolder });
    const { services } = container;
    const opened = aligned(
      task,
      await openRunTeacher(recipe, run, description, services, services.progress, how),
      description,
    );
    const model: Teacher = {
      ...opened,
      async dispose() {
        await opened.dispose();
        await dispose();
      },
    };
    return { name: run.folder.path, model, foreign: false };
  } catch (error) {
    await dispose();
    throw error;
  }
}
