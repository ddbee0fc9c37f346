// A teacher that answers with some of its outputs alone, so that nothing is kept that nobody reads.
import type { Combination, HostTensors, Teacher } from '../contracts/index.js';

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
  const only = (answers: HostTensors): HostTensors =>
    Object.fromEntries(Object.entries(answers).filter(([name]) => wanted.has(name)));
  const { combination } = teacher;
  return {
    outputs: Object.fromEntries(chosen),
    fingerprint: teacher.fingerprint,
    ...(combination ? { combination: onlyNeeded(combination, names, only) } : {}),
    ...(teacher.graph ? { graph: teacher.graph } : {}),
    label: async (batch) => only(await teacher.label(batch)),
    dispose: () => teacher.dispose(),
  };
}

/** Members that are needed, each with the outputs that are. */
function onlyNeeded(
  combination: Combination,
  names: readonly string[],
  only: (answers: HostTensors) => HostTensors,
): Combination {
  const needs = combination.needs(names);
  return {
    members: Object.fromEntries(
      Object.entries(combination.members).flatMap(([name, member]) => {
        const needed = needs[name];
        return needed ? [[name, onlyOutputs(member, needed)]] : [];
      }),
    ),
    needs: (outputs) => combination.needs(outputs),
    combine: (answers, batch) => only(combination.combine(answers, batch)),
  };
}

/** Whether answers can be kept for each example: an axis of varying length is padded to the longest of its batch. */
export function canBeKept({ outputs }: Pick<Teacher, 'outputs'>): boolean {
  return !Object.values(outputs).some(({ shape }) => shape.includes(null));
}
