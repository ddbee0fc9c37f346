// A teacher that answers with some of its outputs alone, so that nothing is kept that nobody reads.
import type { Teacher } from '../contracts/index.js';

/**
 * The teacher itself where all its outputs are asked for. Names that it does not have are left out. The fingerprint is
 * the teacher's own: stores keep outputs apart.
 */
export function onlyOutputs(teacher: Teacher, names: readonly string[]): Teacher {
  const all = Object.entries(teacher.outputs);
  // Padded outputs come with their lengths.
  const wanted = new Set(names.flatMap((name) => [name, `${name}.length`]));
  const chosen = all.filter(([name]) => wanted.has(name));
  if (chosen.length === all.length) return teacher;
  return {
    outputs: Object.fromEntries(chosen),
    fingerprint: teacher.fingerprint,
    async label(batch) {
      const answers = await teacher.label(batch);
      return Object.fromEntries(Object.entries(answers).filter(([name]) => wanted.has(name)));
    },
    dispose: () => teacher.dispose(),
  };
}

/** Whether answers can be kept for each example: an axis of varying length is padded to the longest of its batch. */
export function canBeKept({ outputs }: Pick<Teacher, 'outputs'>): boolean {
  return !Object.values(outputs).some(({ shape }) => shape.includes(null));
}
