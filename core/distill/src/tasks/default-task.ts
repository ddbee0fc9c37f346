// The task of data that name none.
import type { DataDescription } from '../contracts/index.js';

/** By the target: float32 numbers are regression; anything else, also no target at all, is classification. */
export function defaultTask({ target, spec }: DataDescription): string {
  const truth = target === undefined ? undefined : spec[target];
  return truth?.dtype === 'float32' ? 'regression' : 'classification';
}
