// A model and a part of a recipe's data, opened together for commands that ask the one about the other.
import { resolve } from 'node:path';
import type { OpenRecipe } from '../container/open-recipe.js';
import type { RunContainer } from '../container/run-container.js';
import type { ProgressSink, Task } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { openData, type OpenData, type RunData } from './data.js';
import { evaluatedFile, evaluatedStudent, evaluatedTeacher, type EvaluatedModel } from './evaluated-model.js';
import { quietContainer } from './latest-run.js';
import { bestRunOf } from './series/best-run.js';
import { taskOf } from './task-of.js';
import { checkEvaluatedClasses } from './teacher-data.js';

export interface EvaluatedOptions {
  /** An ONNX file. Default: the student of the latest complete run of the recipe; of a series, that of its best run. */
  readonly model?: string;
  /** The recipe's teacher. Default false. */
  readonly teacher?: boolean;
  readonly runFolder?: string;
  /** Default `runs`. */
  readonly runsFolder?: string;
  readonly role?: 'train' | 'validation' | 'test';
  /** Is told of warnings. */
  readonly progress?: ProgressSink;
}

export interface OpenEvaluated extends EvaluatedModel {
  readonly container: RunContainer;
  readonly data: RunData;
  /** The part asked for. */
  readonly part: OpenData;
  readonly role: string;
  readonly task: Task;
  dispose(): Promise<void>;
}

/** `roleOf` chooses the part where the options do not. Errors: those of data and models; RECIPE_MISSING_KEY for a part that the recipe does not have. */
export async function openEvaluated(
  asked: OpenRecipe,
  options: EvaluatedOptions,
  roleOf: (data: RunData) => NonNullable<EvaluatedOptions['role']>,
): Promise<OpenEvaluated> {
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const ofStudent = options.teacher !== true && options.model === undefined;
  const { recipe, runFolder } = ofStudent
    ? await bestRunOf(asked, { runFolder: options.runFolder, runsFolder })
    : { recipe: asked, runFolder: options.runFolder };
  const { plan } = recipe;
  const container = await quietContainer(recipe, runsFolder, options.progress);
  let data: RunData | undefined;
  let opened: EvaluatedModel | undefined;
  const dispose = async () => {
    await opened?.model.dispose();
    await data?.dispose();
    await container.dispose();
  };
  try {
    data = await openData(plan, container);
    const role = options.role ?? roleOf(data);
    const part = data[role];
    if (!part)
      throw new PotstillError(
        plan.trace.place({
          code: 'RECIPE_MISSING_KEY',
          message: `the recipe has no ${role} data`,
          path: `data.${role}`,
        }),
      );
    const { description } = data;
    const { task } = await taskOf(plan, container, description);
    const where = { recipe, container, data, task, runsFolder };
    opened = options.teacher
      ? await evaluatedTeacher(where)
      : options.model === undefined
        ? await evaluatedStudent(where, runFolder)
        : await evaluatedFile(where, options.model);
    checkEvaluatedClasses(opened.name, opened.model.labels, description.labels);
    return { ...opened, container, data, part, role, task, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
