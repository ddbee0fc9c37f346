// A component that makes others: an ensemble of ONNX teachers, as a plugin outside potstill writes it.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  definePlugin,
  openOnnxTeacher,
  readModelFile,
  teacher,
  type HostTensor,
  type Teacher,
} from 'potstill';
import { z } from 'zod';
import { modelBytes, weight } from '../teach/models.js';
import { Workplace } from '../run/tiny.js';

const reference = z.union([z.string(), z.looseObject({ use: z.string() })]);

/** The mean of the members' logits. */
function mean(members: readonly Teacher[]): Teacher {
  return {
    outputs: members[0]?.outputs ?? {},
    fingerprint: members.map(({ fingerprint }) => fingerprint).join(' '),
    async label(batch) {
      const answers = await Promise.all(members.map((member) => member.label(batch)));
      const logits = answers.map((answer) => answer.logits as HostTensor);
      const [first] = logits as [HostTensor];
      const data = Float32Array.from(first.data, (_, i) =>
        logits.reduce((sum, each) => sum + (each.data[i] as number) / logits.length, 0),
      );
      return { logits: { dtype: 'float32', shape: first.shape, data } };
    },
    async dispose() {
      for (const member of members) await member.dispose();
    },
  };
}

const plugin = definePlugin({
  name: 'ensembles',
  version: '1.0.0',
  potstill: '*',
  components: [
    teacher('ensembles/mean', {
      help: 'the mean of several teachers',
      options: z.strictObject({ members: z.array(reference).min(1) }),
      async create({ members }, services, context) {
        const made: Teacher[] = [];
        for (const member of members) made.push(await services.make('teacher', member, context));
        return mean(made);
      },
    }),
    teacher('ensembles/files', {
      help: 'the mean of ONNX files, opened by hand',
      options: z.strictObject({ files: z.array(z.string()).min(1) }),
      async create({ files }, { engine, paths }, { data }) {
        const made: Teacher[] = [];
        for (const file of files) {
          const model = await readModelFile(join(paths.recipeFolder, file));
          made.push(await openOnnxTeacher({ file: model, data, threads: engine.threads }));
        }
        return mean(made);
      },
    }),
  ],
});

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  place.known.set('ensembles', plugin);
  // Each is right in a part of the classes; together they answer as `tiny/teacher`.
  for (const [name, factors] of [
    ['a.onnx', [4, 4, 0]],
    ['b.onnx', [0, 0, 4]],
  ] as const)
    await writeFile(
      join(place.folder, name),
      modelBytes({
        inputs: [{ name: 'x', shape: ['batch', 6] }],
        outputs: [{ name: 'y', shape: ['batch', 3] }],
        nodes: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
        weights: [
          weight(
            'w',
            [6, 3],
            Array.from({ length: 18 }, (_, i) => (Math.floor(i / 3) === i % 3 ? (factors[i % 3] ?? 0) : 0)),
          ),
        ],
      }),
    );
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const run = async (teacherText: string) => {
  const set = ['plugins=[tiny, ensembles]', `teacher=${teacherText}`, 'train.epochs=1', 'baseline=false'];
  return (await place.run('student.yaml', { set })).summary.teacher;
};

describe('a component that makes others', () => {
  it('answers as an ensemble of ONNX teachers, made by name or opened by hand', async () => {
    const alone = await run('{use: tiny/teacher}');
    const made = await run(
      '{use: ensembles/mean, members: [{use: onnx, model: ./a.onnx}, {use: onnx, model: ./b.onnx}]}',
    );
    expect(made?.figures.errors).toBe(alone?.figures.errors);
    expect((await run('{use: ensembles/files, files: [a.onnx, b.onnx]}'))?.figures.errors).toBe(
      alone?.figures.errors,
    );
  });

  it.each([
    ['a name that is not there', '[onnxx]', 'RECIPE_UNKNOWN_COMPONENT', 'unknown teacher `onnxx`'],
    [
      'an option that is not there',
      '[{use: onnx, model: ./a.onnx, colour: red}]',
      'RECIPE_UNKNOWN_OPTION',
      'colour',
    ],
    ['a component of another kind', '[mlp]', 'RECIPE_WRONG_KIND', '`mlp` is a student'],
    [
      'what the member itself refuses',
      '[{use: onnx, model: ./none.onnx}]',
      'TEACHER_INVALID',
      'cannot be read',
    ],
  ])('is refused %s, at its place in the recipe', async (_what, members, code, words) => {
    await expect(run(`{use: ensembles/mean, members: ${members}}`)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
      records: [{ path: 'teacher' }],
    });
  });
});
