// A finished student, the teacher or any ONNX model, on a recipe's data with its metrics.
import type { OpenRecipe } from '../container/open-recipe.js';
import type { Figure, Finding } from '../contracts/index.js';
import { figuresOf, needsTeacher } from '../evaluate/evaluate-model.js';
import { primaryOf } from '../report/figures.js';
import { memoryTeacherStore } from '../store/index.js';
import { createEvaluator } from './evaluation.js';
import { openEvaluated, type EvaluatedOptions } from './open-evaluated.js';
import { drawSample } from './sample.js';
import { metricsOf } from './task-of.js';

/** `role`: default `test`. */
export type EvaluateOptions = EvaluatedOptions;

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
  const opened = await openEvaluated(recipe, options, () => 'test');
  const { container, data, part, role, task, name, model, foreign } = opened;
  const { services } = container;
  const { description } = data;
  try {
    const remarks: Finding[] = [];
    if (foreign && plan.preflight.enabled && part.size > 0) {
      const { batch } = await drawSample(part, plan.preflight.sample, services.random.child('preflight'));
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
    const { figures, artefacts } = await evaluator.evaluate(part, (batch) => model.label(batch));
    const said = remarks.filter(({ level }) => level === 'warning').map(({ message }) => message);
    return {
      model: name,
      role,
      examples: part.size,
      remarks: [...(model.remarks ?? []), ...said],
      primary: primaryOf(described, task.primary)?.name ?? null,
      figures,
      described,
      artefacts,
    };
  } finally {
    await opened.dispose();
  }
}
