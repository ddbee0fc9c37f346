// The generalist and the specialists of a teacher `specialists`: made, and what their scores are of.
import { z } from 'zod';
import type { ComponentServices, HostTensor, Teacher, TeacherContext } from '../../contracts/index.js';
import { className } from '../../data/index.js';
import { aboutOption } from '../../errors/option.js';
import { labelMap, sameOrder, some } from '../ensemble/label-map.js';
import { logSumExp } from '../ensemble/scores.js';
import { teacherInvalid } from '../invalid.js';

export const reference = z.union([z.string(), z.looseObject({ use: z.string() })]);

export const specialistOption = z.union([
  reference,
  z.strictObject({
    teacher: reference.describe('a teacher of any kind, as a recipe writes it'),
    classes: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('its special classes; default: those of its classes that the data have'),
  }),
]);

export interface Specialist {
  readonly name: string;
  readonly teacher: Teacher;
  /** Its special classes, by their numbers in the data. */
  readonly classes: readonly number[];
  /** The score of each of these among its own. */
  readonly scores: readonly number[];
}

export interface Members {
  readonly generalist: Teacher;
  /** The generalist's score for each class of the data. */
  readonly map: readonly number[];
  readonly specialists: readonly Specialist[];
  readonly labels: readonly string[] | undefined;
  readonly classes: number;
}

/** @throws PotstillError TEACHER_INVALID where members and classes do not fit. */
export async function makeMembers(
  written: {
    readonly generalist: z.output<typeof reference>;
    readonly specialists: Readonly<Record<string, z.output<typeof specialistOption>>>;
  },
  services: ComponentServices,
  context: TeacherContext,
): Promise<Members> {
  const made: Teacher[] = [];
  const make = async (name: string, component: z.output<typeof reference>) => {
    const teacher = await services.make('teacher', component, context);
    made.push(teacher);
    return { name, teacher, count: classesOf(name, teacher) };
  };
  try {
    const { generalist, labels, map } = await aboutOption('generalist', async () => {
      const { teacher, count } = await make('generalist', written.generalist);
      const names = context.data.labels ?? teacher.labels;
      return { generalist: teacher, labels: names, map: generalMap(teacher, count, names) };
    });
    const specialists: Specialist[] = [];
    for (const [name, entry] of Object.entries(written.specialists))
      specialists.push(
        await aboutOption('specialists', async () => {
          const long =
            typeof entry === 'object' && 'teacher' in entry
              ? (entry as { teacher: z.output<typeof reference>; classes?: string[] })
              : { teacher: entry };
          return specialistOf(await make(name, long.teacher), long.classes, generalist, labels);
        }),
      );
    return { generalist, map, specialists, labels, classes: map.length };
  } catch (error) {
    for (const teacher of made) await teacher.dispose();
    throw error;
  }
}

/** Number of its scores. */
function classesOf(name: string, { outputs }: Teacher): number {
  const count = outputs.logits?.shape.at(-1);
  if (outputs.logits?.dtype === 'float32' && typeof count === 'number') return count;
  throw teacherInvalid(
    `\`${name}\` has no \`logits\` with a score for each class; it answers with ${Object.keys(outputs).join(', ')}`,
  );
}

/** The generalist's score for each class of the data. */
function generalMap(
  { labels: own }: Teacher,
  count: number,
  labels: readonly string[] | undefined,
): number[] {
  if (own && labels) {
    const map = labelMap('generalist', own, labels, {});
    const unknown = labels.filter((_, at) => map[at]?.length === 0);
    if (unknown.length > 0)
      throw teacherInvalid(
        `the generalist does not know all classes of the data: it lacks ${some(unknown)}; it has ${some(own)}`,
        'a generalist is trained on all classes',
      );
    return map.map((from) => from[0] as number);
  }
  if (labels && labels.length !== count)
    throw teacherInvalid(
      `the generalist has ${count} classes without names, and ${labels.length} are wanted`,
      'name its classes in its `labels`, in the order of its scores',
    );
  return sameOrder(count).map((from) => from[0] as number);
}

function specialistOf(
  { name, teacher, count }: { readonly name: string; readonly teacher: Teacher; readonly count: number },
  classes: readonly string[] | undefined,
  generalist: Teacher,
  labels: readonly string[] | undefined,
): Specialist {
  const axes = (of: Teacher) => of.outputs.logits?.shape.slice(0, -1).join(', ');
  if (axes(teacher) !== axes(generalist))
    throw teacherInvalid(
      `the scores of \`${name}\` have the axes [${axes(teacher)}] before the classes, those of the generalist [${axes(generalist)}]`,
    );
  const own = teacher.labels;
  if (own?.length !== count || !labels)
    throw teacherInvalid(
      `the classes of the specialist \`${name}\` are matched by name, and ${labels ? 'it' : 'the data'} gives no names`,
      'name them in its `labels`, in the order of its scores',
    );
  const names = own.map(className);
  const wanted = labels.map(className);
  const missing = (classes ?? []).find(
    (each) => ![names, wanted].every((all) => all.includes(className(each))),
  );
  if (missing !== undefined)
    throw teacherInvalid(
      `\`${missing}\` is a special class of \`${name}\`, and no class of ${wanted.includes(className(missing)) ? `its own; it has ${some(own)}` : `the data; they have ${some(labels)}`}`,
    );
  const special = classes?.map(className) ?? names.filter((each) => wanted.includes(each));
  if (special.length === 0)
    throw teacherInvalid(
      `the specialist \`${name}\` has no class of the data: it has ${some(own)}; they have ${some(labels)}`,
    );
  if (special.length === names.length)
    throw teacherInvalid(
      `the specialist \`${name}\` has no dustbin: all of its classes (${some(own)}) are special`,
      'Name its special classes (`classes: […]`), or train it with a class for all the others: `data: { classes: { cat: cat, dog: dog, "*": rest } }`.',
    );
  return {
    name,
    teacher,
    classes: special.map((each) => wanted.indexOf(each)),
    scores: special.map((each) => names.indexOf(each)),
  };
}

/** Probabilities of one row of scores. */
export function probabilities(row: ArrayLike<number>): Float64Array {
  const all = Array.from(row);
  const norm = logSumExp(all);
  return Float64Array.from(all, (score) => Math.exp(score - norm));
}

/** Each row of scores of a member's answer. */
export function rowsOf(name: string, logits: HostTensor | undefined): Float64Array[] {
  if (!logits) throw new Error(`internal: ${name} gave no logits`);
  const classes = logits.shape.at(-1) ?? 1;
  return Array.from({ length: logits.data.length / classes }, (_, row) =>
    probabilities(logits.data.subarray(row * classes, (row + 1) * classes)),
  );
}
