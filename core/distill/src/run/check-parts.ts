// What the parts of a recipe say of themselves once they are made, held against each other before anything is trained.
import type { RunContainer } from '../container/run-container.js';
import type {
  DataDescription,
  Figure,
  Loss,
  Metric,
  NamedVariable,
  Student,
  Task,
  Teacher,
} from '../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import { figuresOf, needsTeacher } from '../evaluate/evaluate-model.js';
import type { ComponentPlan, LossPlan, Plan } from '../recipe/plan.js';
import { isLiveTeacher, readsTeacher } from '../train/learners.js';
import { selectable, selection } from '../train/select.js';
import { disposeLosses, makeLosses } from './assemble.js';

/** Made parts of a recipe. Of a teacher that is yet to be trained, only what it will say of itself is read. */
export interface Parts {
  readonly data: DataDescription;
  /** How many training examples there are. */
  readonly examples: number;
  readonly student: Student;
  readonly teacher: Teacher | undefined;
  readonly metrics: readonly Metric[];
  readonly task: Task;
}

/** Throws `RECIPE_BAD_VALUE` for `train.select` and `evaluate`, `RECIPE_LOSS_NEEDS`, and what losses refuse when they are made. */
export async function checkParts(
  plan: Plan,
  container: RunContainer,
  parts: Parts,
): Promise<{
  /** Whether a loss needs no teacher. */
  readonly teacherFree: boolean;
  /** Figures of the metrics that can be had. */
  readonly figures: readonly Figure[];
}> {
  const figures = checkMetrics(plan, parts);
  refuseSameVariables(plan, parts.student.variables, plan.student);
  // Losses refuse what does not fit in their own, narrower words.
  if (plan.preflight.enabled) parts.task.checkParts?.(parts);
  return { figures, teacherFree: await checkLossNeeds(plan, container, parts) };
}

/** Figures and needs are known before anything is seen. */
function checkMetrics(plan: Plan, parts: Parts): Figure[] {
  const { train, baseline, trace } = plan;
  const used = parts.metrics.filter((metric) => !needsTeacher(metric) || parts.teacher !== undefined);
  const figures = figuresOf(used);
  const offers = offersOf(parts);
  const records = used.flatMap((metric) => {
    const at = parts.metrics.indexOf(metric);
    const component = plan.metrics?.[at]?.component;
    const name = component?.definition.name ?? `${metric.figures[0]?.name ?? 'metric'}`;
    return missingNeeds(
      'metric',
      { name, path: component?.path ?? 'evaluate', options: component?.options ?? {} },
      { student: metric.needs.model, teacher: metric.needs.teacher, batch: metric.needs.batch },
      offers,
    );
  });
  const [first, ...others] = records.map((record) => trace.place(record));
  if (first) throw new PotstillError([first, ...others]);
  for (const { select } of [train, ...(baseline ? [baseline.train] : [])]) {
    if (select === 'primary') continue;
    try {
      selection(select, figures);
    } catch (error) {
      if (!(error instanceof PotstillError)) throw error;
      const names = selectable(figures);
      const [record] = error.records;
      throw new PotstillError(
        trace.place({ ...record, ...hintOf(select, names), ...allowedWords(select, names) }),
      );
    }
  }
  return figures;
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
  const losses = await makeLosses(plan.losses, container, parts);
  try {
    const offers = { ...offersOf(parts), teacher: readableOf(parts.teacher) };
    const records = losses.flatMap(({ name, loss }, index) => {
      const component = plan.losses[index]?.component;
      if (!component) throw new Error('internal: a loss without a plan');
      refuseSameVariables(plan, loss.variables ?? [], component);
      return [
        ...missingNeeds('loss', { name, ...component }, loss.needs, offers),
        ...wantsLive(name, loss, component, parts.teacher),
        ...nothingToTrain(name, loss, plan.losses[index]),
      ];
    });
    records.push(...balanceProblems(plan, parts.teacher));
    const [first, ...others] = records.map((record) => plan.trace.place(record));
    if (first) throw new PotstillError([first, ...others]);
    return losses.some(({ loss }) => !readsTeacher(loss));
  } finally {
    disposeLosses(losses);
  }
}

/** A loss that runs the teacher needs one that is in the step. */
function wantsLive(name: string, { needs }: Loss, { path }: ComponentPlan, teacher: Teacher | undefined) {
  if (!needs.live || isLiveTeacher(teacher?.graph)) return [];
  const record: ErrorRecord = {
    code: 'RECIPE_LOSS_NEEDS',
    message: `the loss \`${name}\` runs the teacher on examples that it makes, and the teacher does not run in the training step`,
    path,
    hint: 'Use a recipe as the teacher, live: `teacher: { recipe: ./teacher.yaml, live: true }`.',
  };
  return [record];
}

/** What is balanced are the losses of one student. */
function balanceProblems({ train }: Plan, teacher: Teacher | undefined): ErrorRecord[] {
  if (!train.balance || !teacher?.graph?.peers) return [];
  return [
    {
      code: 'RECIPE_BAD_VALUE',
      message: '`train.balance` is for the losses of one student, and the recipe has peers',
      path: 'train.balance',
      hint: 'Give the losses a `weight` instead.',
    },
  ];
}

/** An optimizer for variables that are not there. */
function nothingToTrain(name: string, { variables = [] }: Loss, plan: LossPlan | undefined) {
  const key = plan?.optimizer ? 'optimizer' : plan?.rate === undefined ? undefined : 'rate';
  if (!plan || key === undefined || variables.length > 0) return [];
  const record: ErrorRecord = {
    code: 'RECIPE_BAD_VALUE',
    message: `the loss \`${name}\` has no variables of its own, which its \`${key}\` would be for`,
    path: `${plan.component.path}.${key}`,
    hint: 'Remove it; the student is trained by `train.optimizer` and `train.rate`.',
  };
  return [record];
}

/** What losses can read of the teacher. */
function readableOf(teacher: Teacher | undefined): readonly string[] {
  return teacher?.graph?.readable ?? Object.keys(teacher?.outputs ?? {});
}

const sides = ['student', 'teacher', 'batch'] as const;
type Named = Readonly<Record<(typeof sides)[number], readonly string[]>>;

/** All that losses and metrics can read. */
function offersOf({ data, student, teacher }: Parts): Named {
  const lengths = Object.entries(data.spec).flatMap(([name, { shape }]) =>
    shape.includes(null) ? [`${name}.length`] : [],
  );
  return {
    student: Object.keys(student.outputs),
    teacher: Object.keys(teacher?.outputs ?? {}),
    batch: [...Object.keys(data.spec), ...lengths],
  };
}

const offering = { student: 'student', teacher: 'teacher', batch: 'data set' } as const;

function missingNeeds(
  kind: 'loss' | 'metric',
  { name, options, path }: { name: string; options: Readonly<Record<string, unknown>>; path: string },
  needs: Named,
  offers: Named,
): ErrorRecord[] {
  return sides.flatMap((whose) => {
    const what = whose === 'batch' ? 'field' : 'output';
    const offered = offers[whose];
    return needs[whose]
      .filter((need) => !offered.includes(need))
      .map((need): ErrorRecord => {
        // The option that names the tensor, if one does, is where the user wrote it.
        const option = Object.entries(options).find(([key, value]) => value === need && key !== 'use')?.[0];
        return {
          code: kind === 'loss' ? 'RECIPE_LOSS_NEEDS' : 'RECIPE_METRIC_NEEDS',
          message: `the ${kind} \`${name}\` reads the ${what} \`${need}\` of the ${offering[whose]}, which has no such ${what}`,
          path: option === undefined ? path : `${path}.${option}`,
          ...hintOf(need, offered),
          ...allowedWords(need, offered),
        };
      });
  });
}

function hintOf(word: string, known: readonly string[]): { readonly hint?: string } {
  const meant = didYouMean(word, known);
  return meant === undefined ? {} : { hint: `did you mean \`${meant}\`?` };
}
