// Are a model's answers scores of the data's classes, in their order?
import type {
  Batch,
  DataDescription,
  Finding,
  HostTensor,
  HostTensors,
  Teacher,
} from '../../contracts/index.js';
import { checkClassOrder } from './class-order.js';
import { checkProbabilities } from './probabilities.js';
import { argmaxRows, checkTeacherAccuracy } from './quality.js';

/**
 * Looks at `logits` for a sample. Throws `PREFLIGHT_PROBABILITIES` and `PREFLIGHT_CLASS_ORDER`; what is only suspicious
 * comes back as warnings. Nothing where the logits are not one row of scores an example.
 */
export function checkAnswers(
  answers: HostTensors,
  sample: Batch,
  data: DataDescription,
  teacher: Teacher,
): Finding[] {
  const logits = scoresOf(answers);
  if (!logits) return [];
  checkProbabilities(logits, teacher.sources?.logits);
  const targets = data.target === undefined ? undefined : sample.tensors[data.target];
  if (targets?.dtype !== 'int32') return [];
  const classes = logits.shape.at(-1) ?? 0;
  return [
    ...checkClassOrder(argmaxRows(logits), targets.data, classes, data.labels, teacher),
    ...checkTeacherAccuracy(logits, targets.data),
  ];
}

/** `logits` where they are [batch, classes]. */
export function scoresOf(outputs: HostTensors): HostTensor | undefined {
  const logits = outputs.logits;
  return logits?.dtype === 'float32' && logits.shape.length === 2 ? logits : undefined;
}
