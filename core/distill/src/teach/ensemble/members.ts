// The members of an ensemble, made, and what each answers in the classes of the ensemble.
import { z } from 'zod';
import type {
  ComponentServices,
  HostTensor,
  HostTensors,
  Teacher,
  TeacherContext,
} from '../../contracts/index.js';
import { labelMap, sameOrder, some, type LabelMap } from './label-map.js';
import { teacherInvalid } from '../invalid.js';
import { scoresOf, type Scores } from './scores.js';
import { weightOption, type MemberWeight } from './weights.js';

const reference = z.union([z.string(), z.looseObject({ use: z.string() })]);

export const memberOption = z.union([
  reference,
  z.strictObject({
    teacher: reference.describe('a teacher of any kind, as a recipe writes it'),
    weight: weightOption.default(1).describe('how much it counts'),
    map: z
      .record(z.string(), z.string().nullable())
      .default({})
      .describe('its class -> a class of the data (null: none); default: the class of the same name'),
  }),
]);

export interface Member {
  readonly name: string;
  readonly teacher: Teacher;
  readonly weight: MemberWeight;
  readonly map: LabelMap;
}

/** @throws PotstillError TEACHER_INVALID where members and classes do not fit. */
export async function makeMembers(
  written: Readonly<Record<string, z.output<typeof memberOption>>>,
  services: ComponentServices,
  context: TeacherContext,
): Promise<{
  readonly members: readonly Member[];
  readonly labels: readonly string[] | undefined;
  readonly classes: number;
}> {
  const made: {
    name: string;
    teacher: Teacher;
    weight: MemberWeight;
    table: Record<string, string | null>;
  }[] = [];
  try {
    for (const [name, entry] of Object.entries(written)) {
      const long =
        typeof entry === 'object' && 'teacher' in entry && !('use' in entry)
          ? (entry as { teacher: string; weight: MemberWeight; map: Record<string, string | null> })
          : { teacher: entry as string, weight: 1, map: {} };
      const teacher = await services.make('teacher', long.teacher, context);
      made.push({ name, teacher, weight: long.weight, table: long.map });
      classesOf(name, teacher);
    }
    const [first] = made;
    if (!first) throw new Error('internal: an ensemble without members');
    const labels = context.data.labels ?? first.teacher.labels;
    const classes = labels?.length ?? classesOf(first.name, first.teacher);
    const members = made.map(({ name, teacher, weight, table }): Member => {
      const own = teacher.labels;
      if (own && labels) return { name, teacher, weight, map: labelMap(name, own, labels, table) };
      const count = classesOf(name, teacher);
      if (Object.keys(table).length > 0)
        throw teacherInvalid(
          `the member \`${name}\` does not name its classes, so that \`map\` has nothing to map`,
          'name them in its `labels`, in the order of its scores',
        );
      if (count !== classes)
        throw teacherInvalid(
          `the member \`${name}\` has ${count} classes without names, and ${classes} are wanted`,
          'name its classes in its `labels`, in the order of its scores; then they are matched by name or by `map`',
        );
      return { name, teacher, weight, map: sameOrder(classes) };
    });
    const orphans = (labels ?? []).filter((_, at) => members.every(({ map }) => map[at]?.length === 0));
    if (orphans.length > 0)
      throw teacherInvalid(`no member knows the class ${some(orphans.map((name) => `\`${name}\``))}`);
    return { members, labels, classes };
  } catch (error) {
    for (const { teacher } of made) await teacher.dispose();
    throw error;
  }
}

function classesOf(name: string, { outputs }: Teacher): number {
  const { logits } = outputs;
  const classes = logits?.shape.at(-1);
  if (logits?.dtype === 'float32' && typeof classes === 'number') return classes;
  throw teacherInvalid(
    `the member \`${name}\` has no \`logits\` with a score for each class; it answers with ${Object.keys(outputs).join(', ')}`,
  );
}

/** Its scores for every row of scores of a batch. */
export function memberScores({ name, map }: Member, answers: HostTensors | undefined): readonly Scores[] {
  const logits: HostTensor | undefined = answers?.logits;
  if (!logits) throw new Error(`internal: the member ${name} gave no logits`);
  const classes = logits.shape.at(-1) ?? 1;
  return Array.from({ length: logits.data.length / classes }, (_, row) =>
    scoresOf(logits.data.subarray(row * classes, (row + 1) * classes), map),
  );
}

/** Classes that a member lacks, one message a member. */
export function lacking(members: readonly Member[], labels: readonly string[] | undefined): string[] {
  return members.flatMap(({ name, map }) => {
    const missing = (labels ?? []).filter((_, at) => map[at]?.length === 0);
    return missing.length === 0
      ? []
      : [
          `the member \`${name}\` does not know ${some(missing)}: the others alone decide about ${missing.length === 1 ? 'it' : 'them'}`,
        ];
  });
}
