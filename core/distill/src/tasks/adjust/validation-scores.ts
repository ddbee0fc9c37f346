// A student's scores and the truth for all validation data.
import type { AdjustInput, Batch } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { logitsOf } from './output-layer.js';

export interface ValidationScores {
  /** [examples, classes], row after row. */
  readonly scores: readonly number[];
  /** All numbers of the target, example after example. Negative where the truth is not known. */
  readonly targets: readonly number[];
  readonly classes: number;
  readonly first: Batch;
}

/** `who` names the adjustment in errors. */
export async function validationScores(input: AdjustInput, who: string): Promise<ValidationScores> {
  const { target } = input.data;
  if (target === undefined)
    throw new PotstillError({
      code: 'RECIPE_MISSING_KEY',
      message: `\`${who}\` needs labelled validation data, and the data name no target`,
    });
  const scores: number[] = [];
  const targets: number[] = [];
  let classes = 0;
  let first: Batch | undefined;
  const predictor = await input.predictor();
  try {
    for await (const batch of input.validation()) {
      first ??= batch;
      const logits = logitsOf((await predictor.run(batch)).logits, who);
      classes = logits.shape[1] as number;
      for (const score of logits.data) scores.push(score);
      for (const truth of batch.tensors[target]?.data ?? []) targets.push(truth);
    }
  } finally {
    await predictor.dispose();
  }
  if (!first) throw new PotstillError({ code: 'DATA_EMPTY', message: 'the validation data has no examples' });
  return { scores, targets, classes, first };
}
