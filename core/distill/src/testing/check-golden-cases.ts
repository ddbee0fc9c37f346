// A loss held against values that another program computed: value and gradients, case by case, from a JSON file.
import { AssertionError } from 'node:assert';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { AnyComponent, HostTensor } from '../contracts/index.js';
import { plain, hostTensor, type Values } from './values.js';
import { makeLoss, differentiate, type LossRun, type LossTrial } from './run-loss.js';

const tensorShape = z.object({
  dtype: z.enum(['float32', 'int32', 'bool']).default('float32'),
  shape: z.array(z.int().min(0)),
  data: z.array(z.union([z.number(), z.enum(['nan', 'inf', '-inf'])])),
});
const tensors = z.record(z.string(), tensorShape).default({});

const caseShape = z.object({
  name: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
  progress: z
    .object({ step: z.number().optional(), epoch: z.number().optional(), fraction: z.number().optional() })
    .default({}),
  student: tensors,
  teacher: tensors,
  batch: tensors,
  variables: tensors,
  value: z.number(),
  gradients: z.object({ student: tensors, variables: tensors }),
  /** Values of variables after the loss was computed once: memory banks, running means. */
  after: tensors,
  relative: z.number().positive().default(1e-5),
  /** Beside it: for gradients that are 0 apart from rounding, such as that of a bias before a batch norm. */
  absolute: z.number().positive().default(1e-9),
});

const fileShape = z.object({ madeBy: z.string(), cases: z.array(caseShape).min(1) });

export type GoldenCase = z.output<typeof caseShape>;

/** The cases of a file, for tests that look at them one by one. `file`: a path, or a URL made with `import.meta.url`. */
export function goldenCases(file: string | URL): readonly GoldenCase[] {
  return fileShape.parse(JSON.parse(readFileSync(file, 'utf8'))).cases;
}

/**
 * Computes a loss on the inputs of each case and throws an AssertionError unless its value, its gradients in the student's
 * outputs and in its own variables, and what it leaves in its variables are those of the file. A number may differ by
 * `relative` (1e-5) of the largest of its tensor.
 *
 * A file holds `{ madeBy, cases }`, a case `name`, `options` as in a recipe, the inputs `student`, `teacher`, `batch` and
 * `variables` as `{ name: { dtype, shape, data } }`, `value`, `gradients: { student, variables }` and, where variables are
 * assigned, `after`. The context may be given for losses that ask the data about more than their tensors.
 */
export async function checkGoldenCases(
  component: AnyComponent,
  file: string | URL,
  given: Pick<LossTrial, 'context' | 'plugins' | 'seed'> = {},
): Promise<void> {
  const shown = relative(process.cwd(), file instanceof URL ? fileURLToPath(file) : file);
  for (const one of goldenCases(file))
    await checkCase(component, one, `${shown}, case \`${one.name}\``, given);
}

async function checkCase(
  component: AnyComponent,
  one: GoldenCase,
  where: string,
  given: Pick<LossTrial, 'context' | 'plugins' | 'seed'>,
): Promise<void> {
  const trial = trialOf(one, given);
  const loss = await makeLoss(component, trial);
  const { value, gradients } = differentiate(loss, trial);
  const close = (what: string, got: Values | undefined, expected: Values) =>
    compare(`${where}: ${what}`, got, expected, one);
  close('value', value, one.value);
  for (const side of ['student', 'variables'] as const) {
    const expected = hostsOf(one.gradients[side]);
    const unchecked = unseen(gradients[side], expected);
    if (unchecked.length > 0)
      throw new AssertionError({
        message: `${where}: the file has no gradient of ${unchecked.map((name) => `\`${name}\``).join(', ')}`,
      });
    for (const [name, each] of Object.entries(expected))
      close(`gradient in \`${name}\``, gradients[side][name], each);
  }
  for (const [name, each] of Object.entries(hostsOf(one.after)))
    close(`\`${name}\` afterwards`, loss.variables?.find((own) => own.name === name)?.variable, each);
}

/** The inputs of a case as {@link runLoss} takes them. */
export function trialOf(
  one: GoldenCase,
  given: Pick<LossTrial, 'context' | 'plugins' | 'seed'> = {},
): LossTrial {
  return {
    ...given,
    options: one.options,
    progress: {
      ...(one.progress.step === undefined ? {} : { step: one.progress.step }),
      ...(one.progress.epoch === undefined ? {} : { epoch: one.progress.epoch }),
      ...(one.progress.fraction === undefined ? {} : { fraction: one.progress.fraction }),
    },
    student: hostsOf(one.student),
    ...(Object.keys(one.teacher).length === 0 ? {} : { teacher: hostsOf(one.teacher) }),
    batch: hostsOf(one.batch),
    variables: hostsOf(one.variables),
  };
}

/** Gradients that are not zero and that the file does not name. */
function unseen(
  got: LossRun['gradients']['student'],
  expected: Readonly<Record<string, HostTensor>>,
): string[] {
  return Object.entries(got).flatMap(([name, { data }]) =>
    Object.hasOwn(expected, name) || data.every((each: number) => each === 0) ? [] : [name],
  );
}

function hostsOf(values: z.output<typeof tensors>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { dtype, shape, data }]) => {
      const numbers = data.map((each) => (typeof each === 'number' ? each : notFinite[each]));
      return [name, hostTensor({ dtype, shape, data: numbers } as unknown as HostTensor)];
    }),
  );
}

const notFinite = { nan: NaN, inf: Infinity, '-inf': -Infinity };

/** Relative to the tensor's largest number: a small one beside large ones has fewer digits. */
function compare(
  what: string,
  got: Values | undefined,
  expected: Values,
  { relative: allowed, absolute }: Pick<GoldenCase, 'relative' | 'absolute'>,
): void {
  const right = plain(expected);
  const left = plain(got ?? []);
  if (left.shape.join() !== right.shape.join())
    throw new AssertionError({
      message: `${what}: shape [${left.shape.join(', ')}], expected [${right.shape.join(', ')}]`,
    });
  const largest = Array.from(right.data).reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const wrong = Array.from(right.data, (each, i) => ({ i, each, got: left.data[i] as number })).filter(
    (one) => !(Math.abs(one.got - one.each) <= allowed * largest + absolute),
  );
  const [first] = wrong;
  if (first === undefined) return;
  throw new AssertionError({
    message:
      `${what}: ${wrong.length} of ${right.data.length} numbers differ by more than ${allowed} of the largest; ` +
      `number ${first.i} is ${first.got}, expected ${first.each}`,
    actual: Array.from(left.data),
    expected: Array.from(right.data),
  });
}
