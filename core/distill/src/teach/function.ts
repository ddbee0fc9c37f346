// The teacher `function`: a module of the user's, named by its path. Rules, nearest neighbours, a service.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { importPlugin } from '../container/import-plugin.js';
import { NotLoaded } from '../container/not-loaded.js';
import type { ComponentServices, Teacher, TeacherContext } from '../contracts/index.js';
import { fingerprint, resolveDataPath } from '../data/index.js';
import { aboutOption } from '../errors/option.js';
import { PotstillError } from '../errors/potstill-error.js';
import { messageOf } from '../errors/records.js';
import { teacher } from '../plugin/define.js';
import { answersOf, checkOutputs, type PlainAnswers } from './function-answers.js';
import { reasonOf, teacherInvalid } from './invalid.js';

/** What a module's function gives: a teacher, of which what has a sensible default may be left out. */
export interface FunctionTeacher extends Omit<Teacher, 'fingerprint' | 'label' | 'dispose'> {
  /** Of what the answers depend on beside the module's file, its options and the data: a version of a service, other files. */
  readonly fingerprint?: string;
  /** Tensors, or nested lists of numbers in the declared shape. */
  label(batch: Parameters<Teacher['label']>[0]): PlainAnswers | Promise<PlainAnswers>;
  dispose?(): void | Promise<void>;
}

/** The default export of a module that the teacher `function` names: what `create` of a plugin's teacher is. */
export type TeacherFunction = (
  options: Readonly<Record<string, unknown>>,
  services: ComponentServices,
  context: TeacherContext,
) => FunctionTeacher | Promise<FunctionTeacher>;

export const functionTeacher = teacher('function', {
  outputs: { NAME: 'those that the function declares' },
  help: 'a function in a file beside the recipe: rules, nearest neighbours, a service',
  options: z.strictObject({
    module: z
      .string()
      .describe(
        'the file, in JavaScript or TypeScript; its default export is the function. Relative to the recipe',
      ),
    options: z.record(z.string(), z.unknown()).default({}).describe('given to the function'),
  }),
  async check({ module }, { paths }) {
    await aboutOption('module', () => readModule(resolveDataPath(module, paths)));
  },
  async create({ module, options }, services, context) {
    const path = resolveDataPath(module, services.paths);
    const sha256 = await aboutOption('module', () => readModule(path));
    const make = await aboutOption('module', () => importFunction(path, sha256));
    const made = await guarded(path, 'made its teacher', async () => make(options, services, context));
    checkOutputs(path, made);
    const { outputs } = made;
    return {
      ...made,
      fingerprint: fingerprint(
        'function-teacher',
        sha256,
        options,
        made.fingerprint ?? null,
        // It may have learnt from them.
        context.data.fingerprint,
      ),
      async label(batch) {
        const what = `answered examples ${batch.indices.slice(0, 6).join(', ')}${batch.size > 6 ? '…' : ''}`;
        return answersOf(path, await guarded(path, what, async () => made.label(batch)), outputs, batch.size);
      },
      dispose: () => guarded(path, 'was disposed of', async () => made.dispose?.()),
    };
  },
});

/** Hexadecimal SHA-256 of the file. */
async function readModule(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw teacherInvalid(
      `the teacher ${path} cannot be read: ${reasonOf(cause)}`,
      'give the path of a module: relative to the recipe',
      cause,
    );
  });
  return createHash('sha256').update(bytes).digest('hex');
}

async function importFunction(path: string, sha256: string): Promise<TeacherFunction> {
  // By its content: a file that has changed since is imported anew.
  const url = `${pathToFileURL(path).href}?sha256=${sha256}`;
  const module = await importPlugin(path, url).catch((error: unknown) => {
    if (!(error instanceof NotLoaded)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new PotstillError({ code: error.code, message: error.message, ...hint }, { cause: error.cause });
  });
  const found = (module as { readonly default?: unknown }).default;
  if (typeof found === 'function') return found as TeacherFunction;
  throw teacherInvalid(
    `the default export of ${path} is ${found === undefined ? 'missing' : 'no function'}`,
    'export default (options, services, { data, read }) => ({ outputs, label })',
  );
}

/** What the module throws is told with its file; errors of ours keep their codes. */
async function guarded<T>(path: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PotstillError) throw error;
    throw new PotstillError(
      { code: 'PLUGIN_FAILED', message: `the teacher ${path} threw when it ${doing}: ${messageOf(error)}` },
      { cause: error },
    );
  }
}
