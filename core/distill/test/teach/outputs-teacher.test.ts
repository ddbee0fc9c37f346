// The teacher `outputs`: files that Python wrote, joined by position and by key.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { teacherComponents, type Batch, type DataDescription, type HostTensor, type Teacher } from 'potstill';
import { makeComponent } from 'potstill/testing';
import { Workplace } from '../run/tiny.js';
import { refusal } from './models.js';

const folder = fileURLToPath(new URL('../../../../test/golden/answers', import.meta.url));
const data: DataDescription = {
  spec: {
    x: { dtype: 'float32', shape: [1] },
    id: { dtype: 'int32', shape: [] },
    pair: { dtype: 'int32', shape: [2] },
  },
  inputs: ['x'],
  fingerprint: 'd',
};
/** Python's examples have keys 104 down to 100. */
const scoresOf = (row: number) => [row * 10, row * 10 + 0.5, row * 10 + 1];

const component = teacherComponents.find(({ name }) => name === 'outputs');
function open(options: Record<string, unknown>, from = folder): Promise<Teacher> {
  if (!component) throw new Error('no teacher `outputs`');
  return makeComponent('teacher', component, { data }, { options, folder: from });
}

function about(indices: readonly number[], keys: readonly number[] = [], part = 'train'): Batch {
  const id: HostTensor = { dtype: 'int32', shape: [indices.length], data: Int32Array.from(keys) };
  return { size: indices.length, indices, tensors: { id }, part };
}

const logits = async (teacher: Teacher, batch: Batch) => [
  ...((await teacher.label(batch)).logits?.data ?? []),
];

describe('answers from a file', () => {
  it.each([
    ['scores.npy', undefined],
    ['scores-f8.npy', undefined],
    ['scores.npz', 'scores'],
    ['scores.npz', 'half'],
    ['compressed.npz', 'scores'],
    ['scores.safetensors', 'scores'],
    ['scores.safetensors', 'half'],
    ['scores.safetensors', 'brain'],
    ['scores.arrow', 'scores'],
    ['scores.arrow', 'list'],
    ['scores.arrow', 'half'],
    ['scores.feather', 'scores'],
    ['scores.parquet', 'scores'],
    ['scores.parquet', 'list'],
    ['scores.parquet', 'half'],
    ['zstd.parquet', 'scores'],
  ])('%s %s are joined by position', async (files, from) => {
    const teacher = await open({ files, ...(from === undefined ? {} : { outputs: { logits: from } }) });
    expect(teacher.outputs).toEqual({ logits: { dtype: 'float32', shape: [3] } });
    expect(await logits(teacher, about([3, 0]))).toEqual([...scoresOf(3), ...scoresOf(0)]);
  });

  it.each(['scores.npz', 'scores.safetensors', 'scores.arrow', 'scores.parquet'])(
    'of %s are joined by key, in all parts',
    async (files) => {
      const teacher = await open({ files, key: 'id', outputs: { logits: 'scores' } });
      for (const part of ['train', 'test'])
        expect(await logits(teacher, about([0, 1], [100, 104], part))).toEqual([
          ...scoresOf(4),
          ...scoresOf(0),
        ]);
    },
  );

  it('are padded, with lengths, where rows differ in length', async () => {
    for (const files of ['scores.arrow', 'scores.parquet']) {
      const teacher = await open({ files, outputs: { hidden: 'ragged' } });
      expect(teacher.outputs.hidden?.shape).toEqual([null]);
      const answers = await teacher.label(about([0, 2]));
      expect(answers.hidden).toEqual({
        dtype: 'float32',
        shape: [2, 3],
        data: Float32Array.of(0, 0, 0, 0, 1, 2),
      });
      expect([...(answers['hidden.length']?.data ?? [])]).toEqual([1, 3]);
    }
  });

  it('may be probabilities', async () => {
    const error = await refusal(
      open({ files: 'scores.npy', outputs: { logits: { from: 'array', as: 'probabilities' } } }).then(
        (teacher) => teacher.label(about([1])),
      ),
    );
    expect(error.message).toContain('is said to be probabilities, and a row of them sums to 31.5');
  });

  it('are of a file for each part', async () => {
    const teacher = await open({ files: { train: 'scores.npy', test: 'scores-f8.npy' } });
    expect(teacher.parts).toEqual(['train', 'test']);
    expect(await logits(teacher, about([1], [], 'test'))).toEqual(scoresOf(1));
    const error = await refusal(teacher.label(about([1], [], 'validation')));
    expect(error.message).toContain("no answers about the data's part `validation`, only about train, test");
  });

  it('have a fingerprint of the file, its outputs and the key', async () => {
    const outputs = { logits: 'scores' };
    const prints = [
      await open({ files: 'scores.npz', outputs }),
      await open({ files: 'compressed.npz', outputs }),
      await open({ files: 'scores.npz', outputs: { logits: 'half' } }),
      await open({ files: 'scores.npz', outputs, key: 'id' }),
    ].map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(4);
  });
});

describe('answers from a file are refused', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['where there is no file', { files: 'none.npy' }, 'none.npy cannot be read: ENOENT'],
    ['of another kind', { files: 'scores.csv' }, 'scores.csv is not a file of answers that can be read'],
    ['of objects', { files: 'objects.npy' }, 'its numbers are `|O`'],
    ['in Fortran order', { files: 'fortran.npy' }, 'its axes lie in Fortran order'],
    [
      'where it is not said which they are',
      { files: 'scores.safetensors' },
      'scores.safetensors has scores, half, brain, id',
    ],
    [
      'of a name that is not there',
      { files: 'scores.npz', outputs: { logits: 'score' } },
      'scores.npz has no `score`; it has scores, id, half',
    ],
    ['of text', { files: 'scores.arrow', outputs: { logits: 'text' } }, 'column `text` is Utf8, not numbers'],
    [
      'of text in Parquet',
      { files: 'scores.parquet', outputs: { logits: 'text' } },
      'column `text` does not hold numbers',
    ],
    ['with a gap', { files: 'scores.parquet', outputs: { logits: 'gap' } }, 'column `gap`, row 1 is empty'],
    [
      'with a key that stands twice',
      { files: 'scores.arrow', outputs: { logits: 'scores' }, key: 'id', keyColumn: 'twice' },
      'has several rows for 2 keys 7 (rows 0, 2), 8 (rows 1, 4)',
    ],
    ['by a key that the data lack', { files: 'scores.npz', key: 'name' }, 'the data have no field `name`'],
    ['by a key of two numbers', { files: 'scores.npz', key: 'pair' }, 'not one whole number an example'],
  ])('%s', async (_, options, words) => {
    const error = await refusal(open(options));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(words);
  });

  it('where an example has no row: by name', async () => {
    const keyed = await open({ files: 'scores.npz', outputs: { logits: 'scores' }, key: 'id' });
    const missing = await refusal(keyed.label(about([5, 6, 7], [100, 99, 105])));
    expect(missing.message).toContain('scores.npz has no row for id 99 (example 6), 105 (example 7)');
    const placed = await open({ files: 'scores.npy' });
    const beyond = await refusal(placed.label(about([4, 5, 9])));
    expect(beyond.message).toContain('scores.npy has 5 rows, and none for the examples 5, 9');
  });
});

describe('damaged answer files', () => {
  let broken: string;
  beforeAll(async () => {
    broken = await mkdtemp(join(tmpdir(), 'potstill-answers-'));
  });
  afterAll(() => rm(broken, { recursive: true, force: true }));

  it.each(['npy', 'npz', 'safetensors', 'arrow', 'parquet'])('of the kind %s are named', async (kind) => {
    await writeFile(join(broken, `a.${kind}`), Buffer.from('not what it says it is'));
    const error = await refusal(open({ files: `a.${kind}` }, broken));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(join(broken, `a.${kind}`));
  });
});

describe('a run with answers from files', () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await Workplace.make();
  });
  afterAll(() => rm(place.folder, { recursive: true, force: true }));

  it('is refused before it begins where a part has no answers', async () => {
    await expect(
      place.run('student.yaml', {
        set: [`teacher={use: outputs, files: ${join(folder, 'scores.npy')}}`],
      }),
    ).rejects.toMatchObject({
      code: 'TEACHER_INVALID',
      message: expect.stringContaining('`data.validation` and `data.test`') as string,
    });
  });
});
