// Compares what an exported model answers with what the student answers.
import type { HostTensors } from '../contracts/index.js';
import { exportFailed } from './failed.js';

/** Differences up to this share of the output's largest magnitude are rounding: other kernels, another order of sums. */
const tolerance = 1e-3;

/**
 * The largest absolute difference over all outputs of `expected`.
 * @throws PotstillError EXPORT_FAILED when an output is missing, has another shape, is NaN where the other is not, or
 * differs by more than `tolerance` times the largest magnitude of that output.
 */
export function maxDifference(exporter: string, expected: HostTensors, actual: HostTensors): number {
  let overall = 0;
  for (const [name, want] of Object.entries(expected)) {
    const got = actual[name];
    if (got === undefined)
      throw exportFailed(
        exporter,
        `the exported model has no output \`${name}\`, only ${Object.keys(actual).join(', ')}`,
      );
    if (got.shape.join() !== want.shape.join())
      throw exportFailed(
        exporter,
        `output \`${name}\` of the exported model is [${got.shape.join(', ')}], the student's is [${want.shape.join(', ')}]`,
      );
    let largest = 0;
    let difference = 0;
    for (let i = 0; i < want.data.length; i++) {
      const a = want.data[i] as number;
      const b = got.data[i] as number;
      if (Object.is(a, b) || a === b) continue;
      const apart = Math.abs(a - b);
      difference = Math.max(difference, Number.isNaN(apart) ? Infinity : apart);
    }
    for (const value of want.data) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    if (difference > tolerance * Math.max(largest, 1e-6))
      throw exportFailed(
        exporter,
        `output \`${name}\` of the exported model differs from the student's by ${difference.toPrecision(3)} on real examples, where values reach ${largest.toPrecision(3)}`,
        'The file was not written. Please report it: this is a bug of the export, or an operation that depends on chance.',
      );
    overall = Math.max(overall, difference);
  }
  return overall;
}
