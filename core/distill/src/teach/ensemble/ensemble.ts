// The teacher `ensemble`: several teachers of any kind as one.
import { z } from 'zod';
import type { Batch, HostTensor, HostTensors, Teacher, TensorSpecs } from '../../contracts/index.js';
import { elementCount, fingerprint } from '../../data/index.js';
import { aboutOption } from '../../errors/option.js';
import { teacher } from '../../plugin/define.js';
import { graphOfMembers } from '../graph/members.js';
import { teacherInvalid } from '../invalid.js';
import { sumsOf } from '../sums.js';
import { membersAlone } from './alone.js';
import { learn, learnOption } from './learn-weights.js';
import { lacking, makeMembers, memberOption, memberScores, type Member } from './members.js';
import { pooled, pools, type Pool } from './pool.js';
import { checkWeights, weightsFor, type MemberWeight } from './weights.js';

export const ensemble = teacher('ensemble', {
  outputs: {
    logits: 'the scores of all members together',
    'NAME/OUTPUT': 'what the member NAME answers, as it is',
  },
  help: 'several teachers of any kind as one: their scores weighted and combined',
  options: z.strictObject({
    members: z
      .record(z.string().regex(/^[\w-]+$/, 'letters, digits, - and _'), memberOption)
      .refine((members) => Object.keys(members).length > 0, 'name at least one member')
      .describe('name -> a teacher, or `{ teacher: …, weight: …, map: … }`'),
    combine: z
      .enum([...pools, 'random'])
      .default('arithmetic')
      .describe(
        'arithmetic or geometric: mean of the probabilities; logits: mean of the scores; confidence: the member that is surest; vote: shares of the votes; random: another member for each batch of training, and the arithmetic mean where the teacher is evaluated',
      ),
    learn: learnOption,
  }),
  async create({ members: written, combine, learn: how }, services, context) {
    const made = await aboutOption('members', () => makeMembers(written, services, context));
    const { members, labels, classes } = made;
    const dispose = async () => {
      for (const each of members) await each.teacher.dispose();
    };
    try {
      const fixed = Object.fromEntries(members.map(({ name, weight }) => [name, weight]));
      await aboutOption('members', () => checkWeights(fixed, context.data, labels));
      await aboutOption('members', () => checkShapes(members));
      for (const message of lacking(members, labels))
        services.progress.emit({ event: 'warning', code: 'TEACHER_CLASSES', message });
      const weights = how
        ? await aboutOption('learn', () => learn(how, combine, members, context, services))
        : members.map(({ weight }) => weight);
      const random = services.random.child('ensemble');
      const all = combiner(members, weights, labels, classes);
      const evaluated: Pool = combine === 'random' ? 'arithmetic' : combine;
      const combination: NonNullable<Teacher['combination']> = {
        members: Object.fromEntries(members.map(({ name, teacher: each }) => [name, each])),
        needs: (outputs) => needsOf(members, outputs),
        combine(answers, batch) {
          if (combine !== 'random') return all(evaluated, answers, batch);
          // Which member does not depend on what was read before, so that a resumed run meets the same.
          const at = batch.indices.reduce((hash, index) => (Math.imul(hash, 31) + index) >>> 0, 7);
          const chosen = members[random.at(at).integer(members.length)];
          return all(evaluated, answers, batch, chosen);
        },
      };
      const graph = await aboutOption('members', () => graphOfMembers(combination.members));
      return {
        outputs: outputsOf(members, classes),
        fingerprint: fingerprint(
          'ensemble',
          combine,
          members.map(({ name, teacher: each, map }, k) => [
            name,
            each.fingerprint,
            map.map((from) => from.join()).join(';'),
            JSON.stringify(weights[k]),
          ]),
        ),
        ...(labels ? { labels } : {}),
        ...sumsOf(members.map(({ teacher: each }) => each)),
        ...(graph ? { graph } : { combination }),
        ...(members.length > 1 ? { members: membersAlone(members, classes) } : {}),
        async label(batch) {
          const answers: Record<string, HostTensors> = {};
          for (const { name, teacher: each } of members) answers[name] = await each.label(batch);
          return all(evaluated, answers, batch);
        },
        dispose,
      } satisfies Teacher;
    } catch (error) {
      await dispose();
      throw error;
    }
  },
});

/** Scores of all members must have the same axes before that of the classes. */
function checkShapes(members: readonly Member[]): void {
  const axes = ({ teacher: { outputs } }: Member) => outputs.logits?.shape.slice(0, -1) ?? [];
  const [first, ...others] = members;
  for (const other of others)
    if (first && axes(other).join() !== axes(first).join())
      throw teacherInvalid(
        `the scores of the member \`${first.name}\` have the axes [${axes(first).join(', ')}] before the classes, those of \`${other.name}\` [${axes(other).join(', ')}]`,
      );
}

function outputsOf(members: readonly Member[], classes: number): TensorSpecs {
  const [first] = members;
  const axes = first?.teacher.outputs.logits?.shape.slice(0, -1) ?? [];
  return {
    logits: { dtype: 'float32', shape: [...axes, classes] },
    ...Object.fromEntries(
      members.flatMap(({ name, teacher: { outputs } }) =>
        Object.entries(outputs).map(([output, spec]) => [`${name}/${output}`, spec]),
      ),
    ),
  };
}

/** What each member is asked for, so that the ensemble can answer with `outputs`. */
function needsOf(members: readonly Member[], outputs: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(
    members.flatMap(({ name, teacher: each }): [string, string[]][] => {
      const needed = Object.keys(each.outputs).filter(
        (output) =>
          outputs.includes(`${name}/${output}`) || (output === 'logits' && outputs.includes('logits')),
      );
      return needed.length === 0 ? [] : [[name, needed]];
    }),
  );
}

type Combine = (
  pool: Pool,
  answers: Readonly<Record<string, HostTensors>>,
  batch: Batch,
  /** It alone decides. */
  chosen?: Member,
) => HostTensors;

function combiner(
  members: readonly Member[],
  weights: readonly MemberWeight[],
  labels: readonly string[] | undefined,
  classes: number,
): Combine {
  return (pool, answers, batch, chosen) => {
    const own: Record<string, HostTensor> = {};
    for (const [name, tensors] of Object.entries(answers))
      for (const [output, tensor] of Object.entries(tensors)) own[`${name}/${output}`] = tensor;
    if (members.some(({ name }) => !answers[name]?.logits)) return own;
    const [first] = members;
    const given = first && answers[first.name];
    const axes = given?.logits?.shape.slice(0, -1) ?? [];
    const asked = chosen ? [chosen] : members;
    const scores = asked.map((member) => memberScores(member, answers[member.name]));
    const weigh = weightsFor(chosen ? [1] : weights, labels, batch);
    const rows = elementCount(axes);
    const data = new Float32Array(rows * classes);
    for (let row = 0; row < rows; row++) {
      const each = scores.map((member) => member[row]).filter((member) => member !== undefined);
      data.set(pooled(pool, each, weigh(Math.floor((row * batch.size) / rows))), row * classes);
    }
    const lengths = given?.['logits.length'];
    return {
      logits: { dtype: 'float32', shape: [...axes, classes], data },
      ...(lengths ? { 'logits.length': lengths } : {}),
      ...own,
    };
  };
}
