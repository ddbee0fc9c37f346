// What the parts of a recipe say of themselves once they are made, held against each other before anything is trained.
import type { RunContainer } from '../container/run-container.js';
import type { DataDescription, Metric, NamedVariable, Student, Teacher } from '../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import { refuseSameNames } from '../evaluate/evaluate-model.js';
import { checkClasses } from '../preflight/preflight.js';
import type { ComponentPlan, Plan } from '../recipe/plan.js';
import { disposeLosses, makeLosses } from './assemble.js';

/** Made parts of a recipe. Of a teacher that is yet to be trained, only what it will say of itself is read. */
export interface Parts {
  readonly data: DataDescription;
  readonly student: Student;
  readonly teacher: Teacher | undefined;
  readonly metrics: readonly Metric[];
}

/** Throws `RECIPE_BAD_VALUE` for `train.select` and `evaluate`, `RECIPE_LOSS_NEEDS`, and what losses refuse when they are made. */
export async function checkParts(
  plan: Plan,
  container: RunContainer,
  parts: Parts,
): Promise<{
  /** Whether a loss needs no teacher. */
  readonly teacherFree: boolean;
}> {
  checkMetrics(plan, parts);
  refuseSameVariables(plan, parts.student.variables, plan.student);
  // Losses refuse classes that do not fit in their own, narrower words.
  if (plan.preflight.enabled) checkClasses(parts.data, parts.student, parts.teacher);
  return { teacherFree: await checkLossNeeds(plan, container, parts) };
}

/** Values are known before anything is seen: metrics give NaN for them. */
function checkMetrics({ train, baseline, trace }: Plan, { metrics, teacher }: Parts): void {
  const used = metrics.filter(({ needsTeacher }) => !needsTeacher || teacher !== undefined);
  for (const metric of used) metric.reset();
  refuseSameNames(used);
  const numbers = used.flatMap((metric) => [
    ...Object.entries(metric.result()).flatMap(([name, value]) => (typeof value === 'number' ? [name] : [])),
    ...Object.keys(metric.better ?? {}),
  ]);
  const names = ['last', ...new Set(numbers)];
  const select = [train, baseline?.train]
    .flatMap((each) => each?.select ?? [])
    .find((each) => !names.includes(each));
  if (select === undefined) return;
  throw new PotstillError(
    trace.place({
      code: 'RECIPE_BAD_VALUE',
      message: `\`train.select\` names the metric \`${select}\`, which no metric of the recipe gives`,
      path: 'train.select',
      ...hintOf(select, names),
      ...allowedWords(select, names),
    }),
  );
}

/** Checkpoints hold variables by name, so that two of one name would be one. */
function refuseSameVariables(
  { trace }: Plan,
  variables: readonly NamedVariable[],
  { definition, path }: ComponentPlan,
): void {
  const names = variables.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new PotstillError(
    trace.place({
      code: definition.kind === 'student' ? 'STUDENT_INVALID' : 'LOSS_INVALID',
      message: `two variables of the ${definition.kind} \`${definition.name}\` are named \`${twice}\``,
      hint: 'Give each variable a name of its own: checkpoints hold them by name.',
      path,
    }),
  );
}

/** Every tensor that a loss reads must be one that the student, the teacher or the data offer. */
async function checkLossNeeds(plan: Plan, container: RunContainer, parts: Parts): Promise<boolean> {
  const { data, student, teacher } = parts;
  const losses = await makeLosses(plan.losses, container, { data, student, teacher });
  try {
    const lengths = Object.entries(data.spec).flatMap(([name, { shape }]) =>
      shape.includes(null) ? [`${name}.length`] : [],
    );
    const offers = {
      student: Object.keys(student.outputs),
      teacher: Object.keys(teacher?.outputs ?? {}),
      batch: [...Object.keys(data.spec), ...lengths],
    };
    const records = losses.flatMap(({ name, loss }, index) => {
      const component = plan.losses[index]?.component;
      if (!component) throw new Error('internal: a loss without a plan');
      refuseSameVariables(plan, loss.variables ?? [], component);
      return (['student', 'teacher', 'batch'] as const).flatMap((whose) =>
        loss.needs[whose]
          .filter((need) => !offers[whose].includes(need))
          .map((need) => missing(name, component, whose, need, offers[whose])),
      );
    });
    const [first, ...others] = records.map((record) => plan.trace.place(record));
    if (first) throw new PotstillError([first, ...others]);
    return losses.some(({ loss }) => loss.needs.teacher.length === 0);
  } finally {
    disposeLosses(losses);
  }
}

const offering = { student: 'student', teacher: 'teacher', batch: 'data set' } as const;

function missing(
  loss: string,
  { options, path }: ComponentPlan<'loss'>,
  whose: keyof typeof offering,
  need: string,
  offered: readonly string[],
): ErrorRecord {
  // The option that names the tensor, if one does, is where the user wrote it.
  const option = Object.entries(options).find(([key, value]) => value === need && key !== 'use')?.[0];
  const what = whose === 'batch' ? 'field' : 'output';
  return {
    code: 'RECIPE_LOSS_NEEDS',
    message: `the loss \`${loss}\` reads the ${what} \`${need}\` of the ${offering[whose]}, which has no such ${what}`,
    path: option === undefined ? path : `${path}.${option}`,
    ...hintOf(need, offered),
    ...allowedWords(need, offered),
  };
}

function hintOf(word: string, known: readonly string[]): { readonly hint?: string } {
  const meant = didYouMean(word, known);
  return meant === undefined ? {} : { hint: `did you mean \`${meant}\`?` };
}
