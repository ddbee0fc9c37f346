// A finished student, the teacher or any ONNX model, on a recipe's data with its metrics.
import { resolve } from 'node:path';
import type { OpenRecipe } from '../container/open-recipe.js';
import type { Figure, Finding, ProgressSink } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { figuresOf, needsTeacher } from '../evaluate/evaluate-model.js';
import { primaryOf } from '../report/figures.js';
import { openData, type OpenData, type RunData } from './data.js';
import { memoryTeacherStore } from '../store/index.js';
import { createEvaluator } from './evaluation.js';
import { evaluatedFile, evaluatedStudent, evaluatedTeacher, type EvaluatedModel } from './evaluated-model.js';
import { quietContainer } from './latest-run.js';
import { drawSample } from './sample.js';
import { metricsOf, taskOf } from './task-of.js';
import { checkEvaluatedClasses } from './teacher-data.js';

export interface EvaluateOptions {
  /** An ONNX file. Default: the student of the latest complete run of the recipe. */
  readonly model?: string;
  /** Measure the recipe's teacher. Default false. */
  readonly teacher?: boolean;
  readonly runFolder?: string;
  /** Default `runs`. */
  readonly runsFolder?: string;
  /** Default `test`. */
  readonly role?: 'train' | 'validation' | 'test';
  /** Is told of warnings. */
  readonly progress?: ProgressSink;
}

export interface EvaluationResult {
  readonly model: string;
  readonly role: string;
  readonly examples: number;
  /** What was done to its answers, and what looks wrong with them, in words. */
  readonly remarks: readonly string[];
  /** Name of the figure that decides; null where none was measured. */
  readonly primary: string | null;
  /** What was measured, by name. */
  readonly figures: Readonly<Record<string, number>>;
  /** What each figure is called, and how it is read. */
  readonly described: readonly Figure[];
  /** Matrices, bins and the like, by name. */
  readonly artefacts: Readonly<Record<string, unknown>>;
}

/** Metrics that compare with a teacher are left out. Errors: those of data and models; `PREFLIGHT_*` for answers that do not fit the task; `RUN_NO_CHECKPOINT`. */
export async function evaluateRecipe(
  recipe: OpenRecipe,
  options: EvaluateOptions = {},
): Promise<EvaluationResult> {
  const { plan } = recipe;
  const role = options.role ?? 'test';
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const container = await quietContainer(recipe, runsFolder, options.progress);
  const { services } = container;
  let data: RunData | undefined;
  let opened: EvaluatedModel | undefined;
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
    const { description } = data;
    const { task } = await taskOf(plan, container, description);
    const where = { recipe, container, data, task, runsFolder };
    opened = options.teacher
      ? await evaluatedTeacher(where)
      : options.model === undefined
        ? await evaluatedStudent(where, options.runFolder)
        : await evaluatedFile(where, options.model);
    const { name, model, foreign } = opened;
    checkEvaluatedClasses(name, model.labels, description.labels);
    const remarks: Finding[] = [];
    if (foreign && plan.preflight.enabled && chosen.size > 0) {
      const { batch } = await drawSample(chosen, plan.preflight.sample, services.random.child('preflight'));
      const answers = await model.label(batch);
      const seen = { data: description, sample: batch, teacher: model, answers };
      remarks.push(...(task.checkSample?.(seen) ?? []));
    }
    const metrics = await metricsOf(plan, container, description, task);
    const evaluator = createEvaluator({
      metrics,
      teacher: undefined,
      store: memoryTeacherStore(),
      random: services.random,
    });
    const described = figuresOf(metrics.filter((metric) => !needsTeacher(metric)));
    const { figures, artefacts } = await evaluator.evaluate(chosen, (batch) => model.label(batch));
    const said = remarks.filter(({ level }) => level === 'warning').map(({ message }) => message);
    return {
      model: name,
      role,
      examples: chosen.size,
      remarks: [...(model.remarks ?? []), ...said],
      primary: primaryOf(described, task.primary)?.name ?? null,
      figures,
      described,
      artefacts,
    };
  } finally {
    await opened?.model.dispose();
    await data?.dispose();
    await container.dispose();
  }
}
