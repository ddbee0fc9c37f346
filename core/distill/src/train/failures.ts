// How a training ends early: words for the steps that were not finite and for Ctrl-C.
import type { HostTensors, StepResult } from '@potstill/engine';
import type { Batch } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

/** Ctrl-C: a checkpoint was written to `path`. `epoch` and `batch` are what is done. */
export function interrupted(stage: string, epoch: number, batch: number, path: string): PotstillError {
  return new PotstillError({
    code: 'TRAIN_INTERRUPTED',
    message: `${stage}: stopped in epoch ${epoch + 1} after ${batch} of its batches; kept in ${path}`,
    hint: 'Use --resume to continue: the result is the same as without the stop.',
    location: { file: path },
  });
}

/** NaN or infinity: where it happened, in which terms, on which examples, and what was kept. `epoch` and `step` from 0. */
export function notFinite(at: {
  readonly stage: string;
  readonly epoch: number;
  readonly step: number;
  readonly result: StepResult;
  readonly batch: Batch;
  readonly kept: { readonly path: string; readonly written: boolean };
}): PotstillError {
  const { stage, epoch, step, result, batch, kept } = at;
  const wrong = Object.entries(result.terms)
    .filter(([, value]) => !Number.isFinite(value))
    .map(([name, value]) => `\`${name.replace(/^loss\./, '')}\` is ${value}`);
  const which =
    wrong.length > 0
      ? `the loss ${wrong.join(', ')}`
      : `the weighted sum of the losses is ${result.loss}, though each loss is finite`;
  const { path, written } = kept;
  return new PotstillError({
    code: 'TRAIN_NOT_FINITE',
    message:
      `${stage}: ${which} in epoch ${epoch + 1}, step ${step + 1}; the batch's examples in the training data: ` +
      `${some(batch.indices)}. ` +
      (written
        ? `The weights before that step were kept in ${path}`
        : `The weights before that step were not finite either, so ${path} was left as it was`),
    hint: 'Lower the learning rate, clip gradients (train.clip), or look at the examples named.',
    location: { file: path },
  });
}

function some(indices: readonly number[]): string {
  const shown = indices.slice(0, 16).join(', ');
  return indices.length > 16 ? `${shown} and ${indices.length - 16} more` : shown;
}

/** Whether every float among the tensors is finite. */
export function allFinite(tensors: HostTensors): boolean {
  return Object.values(tensors).every(
    ({ dtype, data }) => dtype !== 'float32' || data.every((value: number) => Number.isFinite(value)),
  );
}
