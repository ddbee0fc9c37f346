// The order in which a step's results are asked for, which is the order in which ONNX Runtime goes for them.
import type { Recorded, TapedKernel } from './tape.js';

/** One thing that changes at a step: the graph input that holds it now, its next value. */
export interface RecordedChange {
  readonly input: string;
  readonly next: Recorded;
}

/**
 * Sorts changes so that what is ready first stands last: ONNX Runtime runs depth first from the last result backwards (see
 * graph/liveness.ts), and what is ready early and updated late would be held all the while. `gradients`: by graph input, the
 * gradient that its change waits for; other changes are ready when they are computed.
 */
export function lastReadyFirst(
  changes: readonly RecordedChange[],
  gradients: ReadonlyMap<string, Recorded>,
  kernels: readonly TapedKernel[],
): RecordedChange[] {
  const positions = new Map(kernels.map((kernel, i) => [kernel, i] as const));
  const readyAt = ({ input, next }: RecordedChange): number => {
    const { source } = gradients.get(input) ?? next;
    return source.kind === 'kernel' ? (positions.get(source.kernel) ?? -1) : -1;
  };
  return changes
    .map((change) => ({ change, at: readyAt(change) }))
    .sort((a, b) => b.at - a.at)
    .map(({ change }) => change);
}
