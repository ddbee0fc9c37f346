// Opens the answers of a teacher; of one that is made of others, those of each member.
import type { Answers, HostTensors, KeptOutput, Teacher, TeacherStore } from '../contracts/index.js';

/** `keyOf` names a teacher, the data and its preprocessing; see `viewKey`. */
export async function openAnswers(
  store: TeacherStore,
  teacher: Teacher,
  keyOf: (teacher: Teacher) => string | null,
  size: number,
): Promise<Answers> {
  const { combination } = teacher;
  if (!combination) return store.open({ key: keyOf(teacher), teacher, size });
  const opened = new Map<string, Answers>();
  // Members that are the same teacher share their answers: two writers of one file would be in each other's way.
  const byTeacher = new Map<string, Answers>();
  const close = async () => {
    for (const answers of new Set(opened.values())) await answers.close();
  };
  try {
    for (const [name, member] of Object.entries(combination.members)) {
      const id = JSON.stringify([member.fingerprint, Object.keys(member.outputs)]);
      const answers = byTeacher.get(id) ?? (await openAnswers(store, member, keyOf, size));
      byTeacher.set(id, answers);
      opened.set(name, answers);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const all = [...new Set(opened.values())];
  return {
    async read(batch) {
      const answers: Record<string, HostTensors> = {};
      for (const [name, each] of opened) answers[name] = await each.read(batch);
      return combination.combine(answers, batch);
    },
    async missing(from, to) {
      const found = new Set<number>();
      for (const each of all) for (const index of await each.missing(from, to)) found.add(index);
      return [...found].sort((a, b) => a - b);
    },
    async fill(batch) {
      for (const each of all) await each.fill(batch);
    },
    // Of every member: what another process is about to finish is read later, like all of that block.
    begin: (from) => all.map((each) => each.begin(from)).every(Boolean),
    keeps: all.some(({ keeps }) => keeps),
    block: Math.max(1, ...all.map(({ block }) => block)),
    get kept() {
      return [...opened].flatMap(([name, { kept }]) =>
        kept.map((each): KeptOutput => ({ ...each, output: `${name}/${each.output}` })),
      );
    },
    close,
  };
}
