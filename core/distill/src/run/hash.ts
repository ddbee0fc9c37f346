// The recipe hash: what a run's result depends on, as far as the recipe and the installed plugins decide it.
import type { ComponentPlan, DatasetSlot, Plan } from '../recipe/plan.js';
import { fingerprint } from '../data/fingerprint.js';

/**
 * sha256 of the resolved recipe. Comments, order of keys, description, and how the recipe was put together
 * (`extends`, `--set`) do not count; neither does the number of threads, which belongs to the machine.
 * `teacherHash` is that of the teacher's recipe, so that another teacher is another run.
 */
export function recipeHash(plan: Plan, teacherHash: string | undefined): string {
  const { data, train } = plan;
  return fingerprint({
    name: plan.name,
    data: { train: slot(data.train), validation: slot(data.validation), test: slot(data.test) },
    teacher: plan.teacher?.kind === 'component' ? component(plan.teacher.component) : (teacherHash ?? null),
    student: component(plan.student),
    losses: plan.losses.map(({ name, component: loss, weight }) => ({
      name,
      loss: component(loss),
      weight: numberOr(weight),
    })),
    train: { ...train, optimizer: component(train.optimizer), rate: numberOr(train.rate) },
    metrics: plan.metrics.map(component),
    baseline: plan.baseline,
    biasCorrection: plan.biasCorrection ?? null,
    exporters: plan.exporters.map(component),
    backend: plan.backend,
    preflight: plan.preflight,
  });
}

function component({ definition, plugin, options }: ComponentPlan) {
  return { kind: definition.kind, name: definition.name, plugin, options };
}

function slot(of: DatasetSlot | undefined) {
  return of ? { dataset: component(of.component), transforms: of.transforms.map(component) } : null;
}

function numberOr(value: number | ComponentPlan<'schedule'>) {
  return typeof value === 'number' ? value : component(value);
}
