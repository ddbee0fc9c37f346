// A member's scores in the classes of the ensemble: by a table, else by name. What a member lacks is unknown to it.
import { className } from '../../data/index.js';
import { teacherInvalid } from '../invalid.js';

/** For each of the ensemble's classes, those of the member's that mean it; none where the member does not know it. */
export type LabelMap = readonly (readonly number[])[];

/**
 * `table`: the member's label -> the ensemble's. Labels that are not in it stand for those of the same name; `null` drops one.
 * @throws PotstillError TEACHER_INVALID for labels that do not exist, and where nothing is in common.
 */
export function labelMap(
  member: string,
  labels: readonly string[],
  wanted: readonly string[],
  table: Readonly<Record<string, string | null>>,
): LabelMap {
  const names = labels.map(className);
  const targets = wanted.map(className);
  for (const [from, to] of Object.entries(table)) {
    if (!names.includes(className(from)))
      throw teacherInvalid(`the member \`${member}\` has no class \`${from}\`; it has ${some(labels)}`);
    if (to !== null && !targets.includes(className(to)))
      throw teacherInvalid(
        `\`${from}\` of the member \`${member}\` is mapped to \`${to}\`, which is no class of the data; they have ${some(wanted)}`,
      );
  }
  const meant = new Map(
    Object.entries(table).map(([from, to]) => [className(from), to === null ? null : className(to)]),
  );
  const map: number[][] = wanted.map(() => []);
  names.forEach((name, index) => {
    const to = meant.has(name) ? meant.get(name) : name;
    const at = typeof to === 'string' ? targets.indexOf(to) : -1;
    map[at]?.push(index);
  });
  if (map.some((from) => from.length > 0)) return map;
  throw teacherInvalid(
    `the member \`${member}\` has no class in common with the data: it has ${some(labels)}; they have ${some(wanted)}`,
    'map its classes to those of the data: `map: { ITS CLASS: THEIR CLASS }`',
  );
}

/** Member and ensemble have the same classes in the same order. */
export function sameOrder(classes: number): LabelMap {
  return Array.from({ length: classes }, (_, at) => [at]);
}

export function some(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
