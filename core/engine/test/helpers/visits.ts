// What the tests of one file exercised: kernels, their operands, the operators that they became. Kept beside the tests, and the source of docs/kernels.md.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { expect, it } from 'vitest';
import { sizeOf } from '../../src/graph/builder.js';
import type { Shaped } from '../../src/kernels/rule.js';

/** How a rule was tested: kernel by kernel against TF.js, or as a part of a gradient against finite differences. */
export type Evidence = 'agreement' | 'differences';

/** Kernel -> what its operands were, and the ONNX operators that it became. */
export type Visited = Readonly<
  Record<string, { readonly operands: readonly string[]; readonly operators: readonly string[] }>
>;

/** The file that stands beside the tests. */
export interface Visits {
  readonly agreement: Visited;
  readonly differences: Visited;
  /** Kernels whose TF.js gradient was held against finite differences. */
  readonly gradients: readonly string[];
}

interface Operand extends Shaped {
  readonly data?: ArrayLike<number>;
}

const seen = {
  agreement: new Map<string, { operands: Set<string>; operators: Set<string> }>(),
  differences: new Map<string, { operands: Set<string>; operators: Set<string> }>(),
};
const gradients = new Set<string>();

/** Notes one lowering. */
export function visit(
  evidence: Evidence,
  kernel: string,
  {
    inputs,
    outputs,
    attributes,
    operators,
  }: {
    readonly inputs: Readonly<Record<string, Operand | undefined>>;
    readonly outputs: readonly Shaped[];
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly operators: readonly string[];
  },
): void {
  const entry = seen[evidence].get(kernel) ?? { operands: new Set(), operators: new Set() };
  seen[evidence].set(kernel, entry);
  for (const kind of kindsOf(inputs, outputs, attributes)) entry.operands.add(kind);
  for (const operator of operators) entry.operators.add(operator);
}

/** Notes that a kernel's gradient is part of what is compared. */
export function visitGradient(kernel: string): void {
  gradients.add(kernel);
}

function kindsOf(
  inputs: Readonly<Record<string, Operand | undefined>>,
  outputs: readonly Shaped[],
  attributes: Readonly<Record<string, unknown>>,
): string[] {
  const given = Object.values(inputs).filter((operand) => operand !== undefined);
  const operands: Operand[] = [...given, ...outputs];
  const kinds: string[] = (given.length > 0 ? given : outputs).map(({ dtype }) => dtype);
  if (operands.some(({ shape }) => sizeOf(shape) === 0)) kinds.push('size 0');
  if (operands.some(({ shape }) => shape.includes(1))) kinds.push('size 1');
  if (operands.some(({ shape }) => shape.length === 0)) kinds.push('rank 0');
  if (
    given.some(({ data, dtype }) => dtype === 'float32' && data && !Array.from(data).every(Number.isFinite))
  )
    kinds.push('NaN or infinite');
  const { a, b } = inputs;
  if (a && b && String(a.shape) !== String(b.shape)) kinds.push('unequal shapes');
  const { pad, strides, dilations } = attributes;
  if (pad === 'same' || pad === 'valid') kinds.push(pad);
  if (typeof pad === 'number') kinds.push('padding by a number');
  if (Array.isArray(pad)) kinds.push('padding by side');
  const wide = (value: unknown): boolean => [value].flat().some((n) => typeof n === 'number' && n > 1);
  if (wide(strides)) kinds.push('strides');
  if (wide(dilations)) kinds.push('dilations');
  return kinds;
}

const sorted = (evidence: Evidence): Visited =>
  Object.fromEntries(
    [...seen[evidence]]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kernel, { operands, operators }]) => [
        kernel,
        { operands: [...operands].sort(), operators: [...operators].sort() },
      ]),
  );

/** What changes with the tests alone, not with every lowering and every gradient that is written anew. */
const ofTests = ({ agreement, gradients }: Visits): unknown => ({
  agreement: Object.fromEntries(
    Object.entries(agreement).map(([kernel, { operands }]) => [kernel, operands]),
  ),
  gradients,
});

/** Set by `npm run kernels`: tests write their lists instead of holding them. */
const writes = process.env.POTSTILL_VISITS === 'write';

/**
 * The last test of a file: what the others visited is what `visits/<file>.json` says. Operators, and the kernels that
 * gradients are made of, are held in CI only, so that lowerings can be worked on in peace. `npm run kernels` writes the
 * lists anew, and docs/kernels.md from them.
 */
export function holdVisits(url: string): void {
  const test = fileURLToPath(url);
  const file = join(dirname(test), 'visits', `${basename(test, '.test.ts')}.json`);
  it('visits the kernels that are listed', async () => {
    const visits: Visits = {
      agreement: sorted('agreement'),
      differences: sorted('differences'),
      gradients: [...gradients].sort(),
    };
    if (writes) {
      const config = await prettier.resolveConfig(file);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, await prettier.format(JSON.stringify(visits), { ...config, parser: 'json' }));
    }
    const listed = JSON.parse(await readFile(file, 'utf8')) as Visits;
    const compared = process.env.CI ? (list: Visits): unknown => list : ofTests;
    expect(compared(visits), 'the kernels visited changed: run `npm run kernels`').toEqual(compared(listed));
  });
}
