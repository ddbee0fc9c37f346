// The teacher `specialists`: a generalist, and nets that know some confusable classes better than it does.
import { z } from 'zod';
import type { HostTensor, HostTensors, Teacher } from '../../contracts/index.js';
import { fingerprint } from '../../data/index.js';
import { teacher } from '../../plugin/define.js';
import { sumsOf } from '../sums.js';
import { combined, type SpecialistAnswer } from './combine.js';
import { makeMembers, reference, rowsOf, specialistOption, type Members } from './members.js';

const generalistName = 'generalist';

export const specialists = teacher('specialists', {
  outputs: {
    logits: 'the logarithm of the distribution that generalist and specialists agree on best',
    'generalist/OUTPUT': 'what the generalist answers, as it is',
    'NAME/OUTPUT': 'what the specialist NAME answers, as it is',
  },
  help: 'a generalist and specialists for classes that it confuses (Hinton, Vinyals & Dean 2015, section 5)',
  method: {
    paper: 'Hinton, Vinyals & Dean 2015: Distilling the Knowledge in a Neural Network, section 5',
    url: 'https://arxiv.org/abs/1503.02531',
    formula: 'q minimises KL(p_g, q) + sum over active specialists KL(p_m, q)',
    family: 'schemes',
    student: [],
    teacher: [],
    aliases: { papers: ['specialists'] },
    example: { use: 'specialists', generalist: 'g', specialists: { animals: 's' } },
  },
  options: z.strictObject({
    generalist: reference.describe('a teacher of any kind that knows all classes'),
    specialists: z
      .record(
        z
          .string()
          .regex(/^[\w-]+$/, 'letters, digits, - and _')
          .refine((name) => name !== generalistName, 'generalist is the name of the generalist'),
        specialistOption,
      )
      .refine((all) => Object.keys(all).length > 0, 'name at least one specialist')
      .describe(
        'name -> a teacher with a score for each of its special classes and one for all others, or `{ teacher: …, classes: […] }`',
      ),
    top: z
      .int()
      .min(1)
      .default(1)
      .describe(
        'specialists are heard about an example if one of the generalist’s so many likeliest classes is special to them',
      ),
  }),
  async create({ top, ...written }, services, context) {
    const members = await makeMembers(written, services, context);
    const { generalist, specialists: special, labels, classes } = members;
    const teachers: Record<string, Teacher> = {
      [generalistName]: generalist,
      ...Object.fromEntries(special.map(({ name, teacher: each }) => [name, each])),
    };
    const axes = generalist.outputs.logits?.shape.slice(0, -1) ?? [];
    const without = (labels ?? []).filter((_, at) => special.every((each) => !each.classes.includes(at)));
    services.logger.info(
      {
        specialists: Object.fromEntries(
          special.map(({ name, classes: own }) => [name, own.map((at) => labels?.[at] ?? at)]),
        ),
        without,
      },
      'special classes, and classes without a specialist',
    );
    const combine = (answers: Readonly<Record<string, HostTensors>>) => together(members, top, answers);
    return {
      outputs: {
        logits: { dtype: 'float32', shape: [...axes, classes] },
        ...Object.fromEntries(
          Object.entries(teachers).flatMap(([name, { outputs }]) =>
            Object.entries(outputs).map(([output, spec]) => [`${name}/${output}`, spec]),
          ),
        ),
      },
      fingerprint: fingerprint(
        'specialists',
        top,
        [...members.map],
        Object.entries(teachers).map(([name, each]) => [name, each.fingerprint]),
        special.map(({ classes: own, scores }) => [own.join(), scores.join()]),
      ),
      ...(labels ? { labels } : {}),
      ...sumsOf(Object.values(teachers)),
      combination: {
        members: teachers,
        needs: (outputs) =>
          Object.fromEntries(
            Object.entries(teachers).flatMap(([name, each]): [string, string[]][] => {
              const needed = Object.keys(each.outputs).filter(
                (output) =>
                  outputs.includes(`${name}/${output}`) ||
                  (output === 'logits' && outputs.includes('logits')),
              );
              return needed.length === 0 ? [] : [[name, needed]];
            }),
          ),
        combine,
      },
      members: {
        [generalistName]: {
          outputs: {
            ...generalist.outputs,
            logits: { dtype: 'float32', shape: [...axes, classes] },
          },
          parameters: generalist.parameters,
          bytes: generalist.bytes,
          // No specialist heard: what is said together is what the generalist says.
          alone: (answers) => ({
            ...answers,
            ...together({ ...members, specialists: [] }, top, { [generalistName]: answers }),
          }),
        },
      },
      async label(batch) {
        const answers: Record<string, HostTensors> = {};
        for (const [name, each] of Object.entries(teachers)) answers[name] = await each.label(batch);
        return combine(answers);
      },
      async dispose() {
        for (const each of Object.values(teachers)) await each.dispose();
      },
    } satisfies Teacher;
  },
});

/** All outputs that can be made of these answers. */
function together(
  { map, specialists: special, classes }: Members,
  top: number,
  answers: Readonly<Record<string, HostTensors>>,
): HostTensors {
  const own: Record<string, HostTensor> = {};
  for (const [name, tensors] of Object.entries(answers))
    for (const [output, tensor] of Object.entries(tensors)) own[`${name}/${output}`] = tensor;
  const given = answers[generalistName];
  if (!given?.logits || special.some(({ name }) => !answers[name]?.logits)) return own;
  const general = rowsOf(generalistName, given.logits);
  const each = special.map(({ name }) => rowsOf(name, answers[name]?.logits));
  const data = new Float32Array(general.length * classes);
  general.forEach((row, at) => {
    const p = Float64Array.from(map, (from) => row[from] as number);
    const likeliest = mostLikely(p, top);
    const heard = special.flatMap(({ classes: mine, scores }, k): SpecialistAnswer[] => {
      if (!likeliest.some((index) => mine.includes(index))) return [];
      const said = each[k]?.[at] ?? new Float64Array();
      const inside = new Set(scores);
      // Added up, not the complement: a small probability would be lost beside one that is nearly 1.
      const dustbin = said.reduce((sum, value, score) => (inside.has(score) ? sum : sum + value), 0);
      return [{ classes: mine, special: scores.map((score) => said[score] as number), dustbin }];
    });
    data.set(combined(p, heard).map(Math.log), at * classes);
  });
  const lengths = given['logits.length'];
  return {
    logits: { dtype: 'float32', shape: [...given.logits.shape.slice(0, -1), classes], data },
    ...(lengths ? { 'logits.length': lengths } : {}),
    ...own,
  };
}

/** The numbers of the `count` largest; of equal ones the first. */
function mostLikely(p: Float64Array, count: number): number[] {
  return Array.from(p.keys())
    .sort((a, b) => (p[b] as number) - (p[a] as number) || a - b)
    .slice(0, count);
}
