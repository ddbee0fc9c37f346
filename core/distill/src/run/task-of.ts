// The task of a recipe: the one that it names, else the one that its training data name.
import type { RunContainer } from '../container/run-container.js';
import type { DataDescription, Metric, Task, Teacher } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { namedMetric } from '../evaluate/named-metric.js';
import type { MetricPlan, Plan } from '../recipe/plan.js';
import { defaultTask } from '../tasks/default-task.js';
import { paddedTeacher } from '../teach/index.js';

export interface ChosenTask {
  /** The component's name. */
  readonly name: string;
  readonly task: Task;
}

/** Makes the task. @throws PotstillError RECIPE_UNKNOWN_COMPONENT where the data name one that no plugin has. */
export async function taskOf(
  plan: Plan,
  container: RunContainer,
  data: DataDescription,
): Promise<ChosenTask> {
  if (plan.task) return { name: plan.task.definition.name, task: await container.make(plan.task, { data }) };
  const name = data.task ?? defaultTask(data);
  try {
    return { name, task: await container.makeNamed('task', name, { data }, 'data.train') };
  } catch (error) {
    if (!(error instanceof PotstillError) || error.code !== 'RECIPE_UNKNOWN_COMPONENT') throw error;
    throw new PotstillError(
      plan.trace.place({
        code: 'RECIPE_UNKNOWN_COMPONENT',
        message: `the training data are of the task \`${name}\`, which no plugin of the recipe provides`,
        path: 'data.train',
        hint: 'Add the plugin that provides it to `plugins`, or choose another task by `task:`.',
      }),
    );
  }
}

/** The metrics that the recipe names, else those of the task. */
export async function metricsOf(
  plan: Plan,
  container: RunContainer,
  data: DataDescription,
  task: Task,
): Promise<Metric[]> {
  const made: Metric[] = [];
  if (plan.metrics) {
    for (const [at, { component, name, where }] of plan.metrics.entries()) {
      const numbers = where && whereNumbers(where, data, plan.trace, `evaluate.${at}.where`);
      made.push(namedMetric(await container.make(component, { data }), { name, where: numbers }));
    }
    return made;
  }
  const { always, withTeacher } = task.metrics;
  for (const reference of [...always, ...(plan.teacher ? withTeacher : [])])
    made.push(await container.makeNamed('metric', reference, { data }, 'evaluate'));
  return made;
}

/** Names that the data give, of groups and of the truth, as the numbers that the fields hold. RECIPE_BAD_VALUE for one that the data do not have. */
function whereNumbers(
  where: NonNullable<MetricPlan['where']>,
  { groups = {}, target, labels }: DataDescription,
  trace: Plan['trace'],
  path: string,
): Readonly<Record<string, number | boolean>> {
  const numberOf = (field: string, value: number | boolean | string): number | boolean => {
    if (typeof value !== 'string') return value;
    const names = groups[field] ?? (field === target ? labels : undefined) ?? [];
    const index = names.findIndex((name) => name.normalize() === value.normalize());
    if (index >= 0) return index;
    throw new PotstillError(
      trace.place({
        code: 'RECIPE_BAD_VALUE',
        message:
          names.length > 0
            ? `\`${field}\` of the data has no \`${value}\``
            : `the data have no names for the values of \`${field}\`: give a number`,
        path: `${path}.${field}`,
        ...(names.length > 0 ? { allowed: names } : {}),
      }),
    );
  };
  return Object.fromEntries(Object.entries(where).map(([field, value]) => [field, numberOf(field, value)]));
}

/** The teacher with its answers in the form and order of the data. */
export function aligned(task: Task, teacher: Teacher, data: DataDescription): Teacher {
  const made = paddedTeacher(task.align?.(teacher, data) ?? teacher, data);
  const { asked } = made.graph ?? {};
  if (!made.graph || !asked) return made;
  return {
    ...made,
    graph: { ...made.graph, asked: { ...asked, teacher: paddedTeacher(asked.teacher, data) } },
  };
}
