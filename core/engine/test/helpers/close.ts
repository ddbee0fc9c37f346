// Numeric comparison with both tolerances in one place.
import { expect } from 'vitest';
import type { HostTensors } from '@potstill/engine';

/** Every element of `got` is within `absolute + relative * |expected|`. */
export function allClose(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 1e-5, relative = 1e-4 } = {},
): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [got[i] as number, expected[i] as number];
    if (!(Math.abs(x - y) <= absolute + relative * Math.abs(y)))
      expect.fail(`element ${i}: got ${x}, expected ${y}`);
  }
}

/** The same names, dtypes, shapes, and close values. */
export function tensorsClose(
  got: HostTensors,
  expected: HostTensors,
  tolerance: { absolute?: number; relative?: number } = {},
): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    expect([name, got[name]?.dtype, got[name]?.shape]).toEqual([name, dtype, shape]);
    allClose(got[name]?.data ?? [], data, tolerance);
  }
}
