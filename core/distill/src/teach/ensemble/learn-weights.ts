// The option `learn` of ensembles: weights from the validation data, for all examples or for each group of them.
import { z } from 'zod';
import type { ComponentServices, TeacherContext } from '../../contracts/index.js';
import { teacherInvalid } from '../invalid.js';
import { learntWeights, type LabelledScores } from './learn.js';
import { memberScores, type Member } from './members.js';
import { groupsOf, type MemberWeight } from './weights.js';

export const learnOption = z
  .union([
    z.boolean(),
    z.strictObject({
      by: z.string().describe('a field of the data: each of its groups has weights of its own'),
    }),
  ])
  .default(false)
  .describe(
    'learns the weights on the validation data: those under which the labels are most probable; `{ by: language }`: for each group of that field',
  );

type Learn = Exclude<z.output<typeof learnOption>, false>;

/** Groups with fewer examples have the weights of all. */
const enough = 20;

/** @throws PotstillError TEACHER_INVALID where there is nothing to learn from, or weights decide nothing. */
export async function learn(
  how: Learn,
  combine: string,
  members: readonly Member[],
  context: TeacherContext,
  services: Pick<ComponentServices, 'logger'>,
): Promise<readonly MemberWeight[]> {
  if (combine !== 'arithmetic' && combine !== 'geometric' && combine !== 'logits')
    throw teacherInvalid(
      `weights cannot be learnt for \`combine: ${combine}\``,
      'use `arithmetic`, `geometric` or `logits`',
    );
  const partial = members.find(({ map }) => map.some((from) => from.length === 0));
  if (partial)
    throw teacherInvalid(
      `weights cannot be learnt where a member lacks classes, as \`${partial.name}\` does`,
      'map its classes, or give fixed weights',
    );
  const { target } = context.data;
  if (target === undefined || !context.read)
    throw teacherInvalid('weights are learnt from labels, and the data have no target');
  const by = typeof how === 'object' ? how.by : undefined;
  const groups = new Map<number, LabelledScores[]>();
  for await (const batch of context.read('validation')) {
    const group = by === undefined ? [] : groupsOf(by, batch);
    const truth = batch.tensors[target]?.data ?? [];
    const scores: (readonly ReturnType<typeof memberScores>[number][])[] = [];
    for (const member of members) scores.push(memberScores(member, await member.teacher.label(batch)));
    for (let row = 0; row < batch.size; row++) {
      const label = truth[row] ?? -1;
      if (label < 0) continue;
      const each = scores.map((member) => member[row]).filter((member) => member !== undefined);
      const list = groups.get(group[row] ?? 0) ?? [];
      list.push({ members: each, label });
      groups.set(group[row] ?? 0, list);
    }
  }
  const all = [...groups.values()].flat();
  if (all.length === 0)
    throw teacherInvalid(
      'weights are learnt on validation data, and the recipe has none',
      'add `data.validation`, or give fixed weights',
    );
  const common = learntWeights(combine, all, members.length);
  const found = new Map(
    [...groups].flatMap(([group, list]) =>
      list.length < enough ? [] : [[group, learntWeights(combine, list, members.length)] as const],
    ),
  );
  services.logger.info(
    {
      weights: by === undefined ? common : Object.fromEntries(found),
      members: members.map(({ name }) => name),
    },
    'weights of the ensemble, learnt on the validation data',
  );
  return members.map((_, k): MemberWeight => {
    const weight = common[k] ?? 0;
    if (by === undefined) return weight;
    const table = Object.fromEntries([...found].map(([group, weights]) => [String(group), weights[k] ?? 0]));
    return { by, groups: table, else: weight };
  });
}
