// The variables of a student's output layer: what is added to its logits, and what scales them.
import * as tf from '@tensorflow/tfjs-core';
import type { AdjustInput, Batch, HostTensor, NamedVariable } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';

/**
 * The last variable of one axis and that length whose change by one changes every logit by one. Tried out, not guessed by
 * name, so that it works for any student that has one. `who` names the adjustment in errors.
 */
export async function outputBias(
  input: AdjustInput,
  batch: Batch,
  classes: number,
  who: string,
): Promise<NamedVariable> {
  const before = await logitsNow(input, batch, who);
  const candidates = input.student.variables.filter(
    ({ variable, trainable }) =>
      trainable !== false && variable.shape.length === 1 && variable.shape[0] === classes,
  );
  for (const candidate of candidates.reverse()) {
    const kept = candidate.variable.clone();
    try {
      tf.tidy(() => candidate.variable.assign(tf.add(kept, 1)));
      const after = await logitsNow(input, batch, who);
      const added = after.data.every((value, i) => {
        const was = before.data[i] as number;
        return Math.abs(value - was - 1) <= 1e-3 * Math.max(1, Math.abs(was));
      });
      if (added) return candidate;
    } finally {
      candidate.variable.assign(kept);
      kept.dispose();
    }
  }
  throw new PotstillError({
    code: 'STUDENT_INVALID',
    message: `\`${who}\` shifts the bias of the logits, and no variable of the student is such a bias`,
    hint: `Give the output layer a bias, or leave out \`${who}\`.`,
  });
}

/**
 * Multiplies all logits by a factor, through the weights of the output layer: its bias, where there is one, and the last
 * variable whose change scales every logit. Tried out, as {@link outputBias} is.
 */
export async function scaleLogits(
  input: AdjustInput,
  batch: Batch,
  classes: number,
  factor: number,
  who: string,
): Promise<void> {
  const before = await logitsNow(input, batch, who);
  const bias = await outputBias(input, batch, classes, who).catch((error: unknown) => {
    if (error instanceof PotstillError && error.code === 'STUDENT_INVALID') return undefined;
    throw error;
  });
  const kernels = input.student.variables.filter(
    ({ variable, trainable }) =>
      trainable !== false && variable.shape.length > 1 && variable.shape.at(-1) === classes,
  );
  for (const kernel of kernels.reverse()) {
    const layer = bias ? [kernel, bias] : [kernel];
    const kept = layer.map(({ variable }) => variable.clone());
    const multiply = (by: number) =>
      tf.tidy(() => layer.forEach(({ variable }, at) => variable.assign(tf.mul(kept[at] as tf.Tensor, by))));
    let scales = false;
    try {
      multiply(2);
      const doubled = await logitsNow(input, batch, who);
      scales = doubled.data.every((value, i) => {
        const was = 2 * (before.data[i] as number);
        return Math.abs(value - was) <= 1e-3 * Math.max(1, Math.abs(was));
      });
    } finally {
      multiply(scales ? factor : 1);
      tf.dispose(kept);
    }
    if (scales) return;
  }
  throw new PotstillError({
    code: 'STUDENT_INVALID',
    message: `\`${who}\` scales the logits, and no variable of the student does so`,
    hint: `End the student in a linear layer, or leave out \`${who}\`.`,
  });
}

async function logitsNow(input: AdjustInput, batch: Batch, who: string) {
  const predictor = await input.predictor();
  try {
    return logitsOf((await predictor.run(batch)).logits, who);
  } finally {
    await predictor.dispose();
  }
}

/** Logits of one row an example, or an error that names the adjustment. */
export function logitsOf(
  tensor: HostTensor | undefined,
  who: string,
): HostTensor & { readonly dtype: 'float32' } {
  if (tensor?.dtype === 'float32' && tensor.shape.length === 2) return tensor;
  throw new PotstillError({
    code: 'STUDENT_INVALID',
    message: `\`${who}\` needs an output \`logits\`, float32 [batch, classes]; the student has ${tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'none'}`,
  });
}
