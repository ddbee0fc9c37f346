// An error about the value of one option points at that value, and says what is wrong once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { aboutOption, createRunContainer, formatErrors, openRecipe, PotstillError } from 'potstill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standardServices } from '../../src/container/services.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import { samplePlugin } from '../recipe/sample-plugin.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'potstill-option-'));
});
afterAll(() => rm(folder, { recursive: true }));

const data = {
  spec: { image: { dtype: 'float32', shape: [2] } },
  inputs: ['image'],
  targets: ['label'],
  labels: ['a', 'b'],
  fingerprint: 'none',
} as const;

const recipe = `name: wrong-files
data: { train: digits }
teacher:
  use: onnx
  model: gone.onnx
student:
  use: layers
  model: gone.json
losses: [cross-entropy]
train: { epochs: 1 }
`;

async function failures(): Promise<{ readonly teacher: unknown; readonly student: unknown }> {
  await writeFile(path.join(folder, 'wrong-files.yaml'), recipe);
  const digits = samplePlugin.components.filter(({ name }) => name === 'digits');
  const { plan, registry } = await openRecipe('wrong-files.yaml', {
    cwd: folder,
    builtIn: [builtInPlugin, { ...samplePlugin, components: digits }],
  });
  const unused = (): never => {
    throw new Error('this service was not to be made');
  };
  const paths = { recipeFolder: folder, runFolder: folder, runsFolder: folder, dataFolder: undefined };
  const container = createRunContainer({
    registry,
    defaults: standardServices({ seed: 1, paths, engine: unused, store: unused }),
    trace: plan.trace,
  });
  if (plan.teacher?.kind !== 'component') throw new Error('the teacher is no component');
  const reason = (making: Promise<unknown>) => making.then(() => undefined).catch((error: unknown) => error);
  return {
    teacher: await reason(container.make(plan.teacher.component, { data })),
    student: await reason(container.make(plan.student, { data })),
  };
}

describe('an error of a component', () => {
  it('points at the value of the option that is wrong, not at the component', async () => {
    const { teacher, student } = await failures();
    expect(teacher).toBeInstanceOf(PotstillError);
    expect((teacher as PotstillError).records[0]).toMatchObject({
      path: 'teacher.model',
      location: { file: 'wrong-files.yaml', line: 5, column: 10 },
      frame: '    4 |   use: onnx\n    5 |   model: gone.onnx\n      |          ^^^^^^^^^',
    });
    expect((student as PotstillError).records[0]).toMatchObject({
      path: 'student.model',
      location: { line: 8, column: 10 },
    });
  });

  it('does not repeat itself as its own cause', async () => {
    const { teacher } = await failures();
    const text = formatErrors(teacher);
    expect(text.match(/no such file/g)).toHaveLength(1);
    expect(text).not.toContain('caused by');
  });
});

describe('aboutOption', () => {
  it('names the option in errors of ours that have no place, and keeps all else', async () => {
    const throwing = (error: unknown) => aboutOption('input.scale', () => Promise.reject(error as Error));
    const plain = new TypeError('not ours');
    await expect(throwing(plain)).rejects.toBe(plain);
    const cause = new Error('deeper');
    const error = new PotstillError(
      [
        { code: 'TEACHER_INVALID', message: 'a' },
        { code: 'TEACHER_INVALID', message: 'b', path: '.other' },
        { code: 'DATA_DAMAGED', message: 'c', location: { file: 'x' } },
      ],
      { cause },
    );
    await expect(throwing(error)).rejects.toMatchObject({
      cause,
      records: [{ path: '.input.scale' }, { path: '.other' }, { location: { file: 'x' } }],
    });
    expect(await aboutOption('x', () => 5)).toBe(5);
  });
});
