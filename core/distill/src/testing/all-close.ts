// Comparison of numbers with a tolerance, and a message that shows where they differ.
import { AssertionError } from 'node:assert';
import { plain, type Values } from './values.js';

/** An element may differ by `absolute + relative * |expected|`. */
export interface Tolerance {
  /** Default 1e-6. */
  readonly absolute?: number;
  /** Default 1e-5. */
  readonly relative?: number;
}

/** Elements that the message lists. */
const listed = 5;

/**
 * Throws an AssertionError unless both have the same shape and close elements. NaN equals NaN alone.
 * A typed array has no shape of its own: it is compared with the elements in row-major order.
 */
export function allClose(got: Values, expected: Values, tolerance: Tolerance = {}): void {
  const { absolute = 1e-6, relative = 1e-5 } = tolerance;
  const [left, right] = [plain(got), plain(expected)];
  const shaped = !ArrayBuffer.isView(got) && !ArrayBuffer.isView(expected);
  if (shaped ? left.shape.join() !== right.shape.join() : left.data.length !== right.data.length)
    throw new AssertionError({
      message: `shapes differ: got [${left.shape.join(', ')}], expected [${right.shape.join(', ')}]`,
      actual: left.shape,
      expected: right.shape,
    });
  const shape = ArrayBuffer.isView(got) ? right.shape : left.shape;
  const wrong: string[] = [];
  for (let i = 0; i < right.data.length; i++) {
    const [x, y] = [left.data[i] as number, right.data[i] as number];
    const allowed = absolute + relative * Math.abs(y);
    if (Object.is(x, y) || x === y || Math.abs(x - y) <= allowed) continue;
    wrong.push(
      `at ${placeOf(i, shape)}: got ${x}, expected ${y} (allowed difference ${allowed.toPrecision(3)})`,
    );
  }
  if (wrong.length === 0) return;
  const more = wrong.length > listed ? [`and ${wrong.length - listed} more`] : [];
  throw new AssertionError({
    message: [
      `${wrong.length} of ${right.data.length} elements differ, shape [${shape.join(', ')}]`,
      ...[...wrong.slice(0, listed), ...more].map((line) => `  ${line}`),
    ].join('\n'),
    actual: Array.from(left.data),
    expected: Array.from(right.data),
  });
}

/** The indices of a row-major position: `[1, 0]`. */
function placeOf(position: number, shape: readonly number[]): string {
  const indices: number[] = [];
  for (const length of [...shape].reverse()) {
    indices.unshift(position % length);
    position = Math.floor(position / length);
  }
  return `[${indices.join(', ')}]`;
}
