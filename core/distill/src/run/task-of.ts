// The task of a recipe: the one that it names, else the one that its training data name.
import type { RunContainer } from '../container/run-container.js';
import type { DataDescription, Metric, Task, Teacher } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { namedMetric } from '../evaluate/named-metric.js';
import type { Plan } from '../recipe/plan.js';
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
    for (const { component, ...naming } of plan.metrics)
      made.push(namedMetric(await container.make(component, { data }), naming));
    return made;
  }
  const { always, withTeacher } = task.metrics;
  for (const reference of [...always, ...(plan.teacher ? withTeacher : [])])
    made.push(await container.makeNamed('metric', reference, { data }, 'evaluate'));
  return made;
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
