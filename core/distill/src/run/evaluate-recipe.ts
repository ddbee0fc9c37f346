// A finished student, or any ONNX model, on a recipe's data with its metrics.
import { resolve } from 'node:path';
import type { OpenRecipe } from '../container/open-recipe.js';
import type { Metric, MetricValue, Teacher } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { openStudentTeacher } from '../teach/index.js';
import { openData, type OpenData, type RunData } from './data.js';
import { createEvaluator } from './evaluation.js';
import { latestRun, quietContainer } from './latest-run.js';
import { openRunTeacher } from './run-teacher.js';
import { checkEvaluatedClasses } from './teacher-data.js';

export interface EvaluateOptions {
  /** An ONNX file with potstill's metadata. Default: the student of the latest complete run of the recipe. */
  readonly model?: string;
  readonly runFolder?: string;
  /** Default `runs`. */
  readonly runsFolder?: string;
  /** Default `test`. */
  readonly role?: 'train' | 'validation' | 'test';
}

export interface EvaluationResult {
  readonly model: string;
  readonly role: string;
  readonly examples: number;
  readonly values: Readonly<Record<string, MetricValue>>;
}

/** Metrics that compare with a teacher are left out. Errors: those of data and models; `RUN_NO_CHECKPOINT`. */
export async function evaluateRecipe(
  recipe: OpenRecipe,
  options: EvaluateOptions = {},
): Promise<EvaluationResult> {
  const { plan } = recipe;
  const role = options.role ?? 'test';
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const container = await quietContainer(recipe, runsFolder);
  const { services } = container;
  let data: RunData | undefined;
  let model: Teacher | undefined;
  try {
    data = await openData(plan, container);
    const chosen: OpenData | undefined = data[role];
    if (!chosen)
      throw new PotstillError(
        plan.trace.place({
          code: 'RECIPE_MISSING_KEY',
          message: `the recipe has no ${role} data`,
          path: `data.${role}`,
        }),
      );
    let name: string;
    if (options.model !== undefined) {
      name = options.model;
      model = await openStudentTeacher(resolve(options.model), data.description, services);
    } else {
      const { runFolder } = options;
      const run = await latestRun(recipe, data, {
        runsFolder,
        ...(runFolder === undefined ? {} : { runFolder }),
      });
      name = run.folder.path;
      model = await openRunTeacher(recipe, run, data.description, services, services.progress);
    }
    checkEvaluatedClasses(name, model.labels, data.description.labels);
    const metrics: Metric[] = [];
    for (const metric of plan.metrics) metrics.push(await container.make(metric, { data: data.description }));
    const evaluator = createEvaluator({
      metrics,
      teacher: undefined,
      store: services.store,
      random: services.random,
    });
    const answering: Teacher = model;
    const { values } = await evaluator.evaluate(chosen, (batch) => answering.label(batch));
    return { model: name, role, examples: chosen.size, values };
  } finally {
    await model?.dispose();
    await data?.dispose();
    await container.dispose();
  }
}
