// What the engine's tests visited, kernel by kernel, from the lists that stand beside them.
import { readdirSync, readFileSync } from 'node:fs';
import type { Evidence, Visits } from '../test/helpers/visits.js';

/** One kernel over all test files. */
export interface KernelVisits {
  /** Files of test/kernels that hold it against TF.js, without `.test.ts`. */
  readonly agreement: ReadonlySet<string>;
  /** Files of test/gradients that compute it as a part of a gradient that is held against finite differences. */
  readonly differences: ReadonlySet<string>;
  /** Files of test/gradients that hold its own gradient against finite differences. */
  readonly gradient: ReadonlySet<string>;
  /** What its operands were where it was held against TF.js. */
  readonly operands: ReadonlySet<string>;
  /** ONNX operators that it became. */
  readonly operators: ReadonlySet<string>;
}

const folders = ['kernels', 'gradients'] as const;

/** Kernel -> what the tests visited. */
export function kernelVisits(): ReadonlyMap<string, KernelVisits> {
  const all = new Map<string, { [Key in keyof KernelVisits]: Set<string> }>();
  const at = (kernel: string) => {
    const known = all.get(kernel) ?? {
      agreement: new Set(),
      differences: new Set(),
      gradient: new Set(),
      operands: new Set(),
      operators: new Set(),
    };
    all.set(kernel, known);
    return known;
  };
  for (const folder of folders) {
    const directory = new URL(`../test/${folder}/visits/`, import.meta.url);
    for (const file of readdirSync(directory).sort()) {
      const name = file.replace('.json', '');
      const visits = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Visits;
      for (const evidence of ['agreement', 'differences'] satisfies Evidence[])
        for (const [kernel, { operands, operators }] of Object.entries(visits[evidence])) {
          const entry = at(kernel);
          entry[evidence].add(name);
          for (const operator of operators) entry.operators.add(operator);
          if (evidence === 'agreement') for (const kind of operands) entry.operands.add(kind);
        }
      for (const kernel of visits.gradients) at(kernel).gradient.add(name);
    }
  }
  return all;
}
