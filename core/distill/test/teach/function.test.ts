// The teacher `function`: a module beside the recipe, which may learn from the training data.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { teacherComponents, type Batch, type PotstillError, type Teacher } from 'potstill';
import { makeComponent, tinyDataset } from 'potstill/testing';
import { Workplace } from '../run/tiny.js';
import { batchOf, refusal } from './models.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(() => rm(place.folder, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFile(join(place.folder, name), text);

const component = teacherComponents.find(({ name }) => name === 'function');
function open(options: Record<string, unknown>): Promise<Teacher> {
  if (!component) throw new Error('no teacher `function`');
  return makeComponent('teacher', component, { data: tinyDataset() }, { options, folder: place.folder });
}

async function* batches(all: readonly Batch[]) {
  for (const batch of all) yield Promise.resolve(batch);
}

/** The nearest of the training examples decides. */
const neighbour = `
export default async ({ scale }, services, { data, read }) => {
  const known = [];
  for await (const { size, tensors } of read('train'))
    for (let row = 0; row < size; row++)
      known.push({ x: tensors.x.data.slice(6 * row, 6 * row + 6), label: tensors.label.data[row] });
  return {
    outputs: { logits: { dtype: 'float32', shape: [3] }, nearest: { dtype: 'int32', shape: [] } },
    labels: data.labels,
    label({ size, tensors }) {
      const found = Array.from({ length: size }, (_, row) => {
        const x = tensors.x.data.subarray(6 * row, 6 * row + 6);
        const far = known.map((each) => each.x.reduce((sum, value, i) => sum + (value - x[i]) ** 2, 0));
        return far.indexOf(Math.min(...far));
      });
      return {
        logits: found.map((at) => [0, 1, 2].map((label) => (label === known[at].label ? scale : 0))),
        nearest: Int32Array.from(found),
      };
    },
  };
};
`;

describe('the teacher `function`', () => {
  it('learns from the training data', async () => {
    await put('neighbour.mjs', neighbour);
    const data = tinyDataset();
    if (!component || !data.batch) throw new Error('no teacher `function`, or no batches');
    const all = await data.batch(Array.from({ length: data.size }, (_, i) => i));
    const teacher = await makeComponent(
      'teacher',
      component,
      { data, read: (part) => batches(part === 'train' ? [all] : []) },
      { options: { module: './neighbour.mjs', options: { scale: 4 } }, folder: place.folder },
    );
    const answers = await teacher.label(all);
    expect([...(answers.nearest?.data ?? [])]).toEqual(all.indices);
    expect(teacher.labels).toEqual(['a', 'b', 'c']);
    expect(answers.logits?.data[all.tensors.label?.data[0] ?? NaN]).toBe(4);
  });

  it('teaches in a run', async () => {
    await put('neighbour.mjs', neighbour);
    const { summary } = await place.run('student.yaml', {
      set: [
        'teacher={use: function, module: ./neighbour.mjs, options: {scale: 4}}',
        'train.epochs=1',
        'baseline=false',
      ],
    });
    expect(summary.teacher).toBeDefined();
  });

  it('changes its fingerprint with the file, the options and what it declares', async () => {
    const text = (more: string) => `export default ({ version }) => ({
      outputs: { logits: { dtype: 'float32', shape: [1] } }, ${more}
      ...(version ? { fingerprint: version } : {}),
      label: ({ size }) => ({ logits: Array.from({ length: size }, () => [1]) }),
    });`;
    const print = async (options: object = {}) => (await open({ module: 'f.mjs', options })).fingerprint;
    await put('f.mjs', text(''));
    const first = await print();
    expect(await print()).toBe(first);
    const others = [await print({ size: 2 }), await print({ version: 'b' })];
    await put('f.mjs', text('// another\n'));
    expect(new Set([first, ...others, await print()]).size).toBe(4);
  });

  it('answers with tensors or lists, and with lengths', async () => {
    await put(
      'f.mjs',
      `export default () => ({
        outputs: { a: { dtype: 'float32', shape: [2] }, b: { dtype: 'int32', shape: [null] }, c: { dtype: 'bool', shape: [] } },
        label: () => ({
          a: [[1, 2], [3, 4]],
          b: { dtype: 'int32', shape: [2, 1], data: Int32Array.of(5, 0) },
          'b.length': [1, 0],
          c: [1, 0],
        }),
      });`,
    );
    const teacher = await open({ module: 'f.mjs' });
    const x = { dtype: 'float32', shape: [2, 6], data: new Float32Array(12) } as const;
    expect(await teacher.label(batchOf({ x }))).toEqual({
      a: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      b: { dtype: 'int32', shape: [2, 1], data: Int32Array.of(5, 0) },
      'b.length': { dtype: 'int32', shape: [2], data: Int32Array.of(1, 0) },
      c: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
    });
  });

  const outputs = "outputs: { logits: { dtype: 'float32', shape: [2] } }";
  it.each<[string, string, string, string]>([
    ['without a default export', 'export const x = 1;', 'TEACHER_INVALID', 'the default export of'],
    [
      'that throws at import',
      "throw new Error('no key');",
      'PLUGIN_FAILED',
      'threw while it was imported: no key',
    ],
    [
      'whose function throws',
      "export default () => { throw new Error('no service'); };",
      'PLUGIN_FAILED',
      'threw when it made its teacher: no service',
    ],
    [
      'that gives no teacher',
      'export default () => ({});',
      'TEACHER_INVALID',
      'does not give a teacher: `outputs`',
    ],
    [
      'that throws when it is asked',
      `export default () => ({ ${outputs}, label() { throw new Error('offline'); } });`,
      'PLUGIN_FAILED',
      'threw when it answered examples 0: offline',
    ],
    [
      'that leaves an output out',
      `export default () => ({ ${outputs}, label: () => ({}) });`,
      'TEACHER_OUTPUT',
      'declares `logits` and does not answer with it',
    ],
    [
      'that gives too few numbers',
      `export default () => ({ ${outputs}, label: () => ({ logits: [[1]] }) });`,
      'TEACHER_OUTPUT',
      'answered 1 examples with `logits`, 1 numbers; it declares float32 [2] an example',
    ],
    [
      'that gives another shape',
      `export default () => ({ ${outputs}, label: () => ({ logits: { dtype: 'float32', shape: [2, 1], data: new Float32Array(2) } }) });`,
      'TEACHER_OUTPUT',
      'float32 [2, 1] with 2 numbers',
    ],
  ])('names the file of a module %s', async (_, text, code, words) => {
    await put('f.mjs', text);
    const x = { dtype: 'float32', shape: [1, 6], data: new Float32Array(6) } as const;
    const error: PotstillError = await refusal(
      open({ module: 'f.mjs' }).then((teacher) => teacher.label(batchOf({ x }))),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message).toContain(join(place.folder, 'f.mjs'));
  });

  it('says that there is no file, at the option', async () => {
    const error = await refusal(open({ module: 'none.mjs' }));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.records[0].path).toBe('teacher.module');
  });
});
