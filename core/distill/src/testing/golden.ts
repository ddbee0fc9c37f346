// Results held against a file of earlier results.
import { AssertionError } from 'node:assert';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allClose, type Tolerance } from './all-close.js';
import { plain, type Values } from './values.js';

/** The environment variable that writes golden files instead of reading them. */
const update = 'POTSTILL_UPDATE_GOLDEN';

/**
 * Throws an AssertionError unless the values are close to those in a JSON file; shapes must agree. With
 * POTSTILL_UPDATE_GOLDEN=1 in the environment it writes the file instead. `file`: a path, or a URL made with `import.meta.url`.
 */
export function golden(
  file: string | URL,
  got: Readonly<Record<string, Values>>,
  tolerance: Tolerance = {},
): void {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  const shown = relative(process.cwd(), path);
  const values = Object.fromEntries(
    Object.entries(got).map(([name, each]) => {
      const { shape, data } = plain(each);
      return [name, { shape, data: Array.from(data) }];
    }),
  );
  if (process.env[update]) return writeFileSync(path, `${JSON.stringify(values, null, 2)}\n`);
  if (!existsSync(path))
    throw new AssertionError({ message: `${shown} is missing. Run with ${update}=1 to write it.` });
  const expected = JSON.parse(readFileSync(path, 'utf8')) as typeof values;
  const names = Object.keys(values).sort();
  if (names.join() !== Object.keys(expected).sort().join())
    throw new AssertionError({
      message: `${shown} holds other values. Run with ${update}=1 to write it anew.`,
      actual: names,
      expected: Object.keys(expected).sort(),
    });
  for (const [name, { shape, data }] of Object.entries(expected)) {
    try {
      allClose(got[name] ?? [], { dtype: 'float32', shape, data: Float32Array.from(data) }, tolerance);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      error.message = `\`${name}\` of ${shown}: ${error.message}`;
      throw error;
    }
  }
}
