// Numbers of a model beside numbers of the data: what metrics of regression read.
import type { HostTensor, HostTensors } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { withinLengths } from './rows.js';

/** Two tensors with as many numbers an example each; `width` of them. */
export interface NumberRows {
  readonly own: HostTensor['data'];
  readonly truth: HostTensor['data'];
  readonly count: number;
  readonly width: number;
}

/**
 * A truth of one number an example may have an axis less than the output. NaN in it: not known, which padding is, too.
 */
export function numberRows(
  model: HostTensors,
  output: string,
  truths: HostTensors,
  target: string,
): NumberRows {
  const own = need(model, output, 'model output');
  const truth = need(truths, target, 'target field');
  const count = own.shape[0] ?? 0;
  if (own.data.length !== truth.data.length || count !== truth.shape[0])
    throw new PotstillError({
      code: 'EVALUATE_TENSOR',
      message: `the model's \`${output}\` is [${own.shape.join(', ')}], the target \`${target}\` is [${truth.shape.join(', ')}]: they cannot be compared`,
      hint: 'Give the model one output for each number of the target.',
    });
  const within = withinLengths(truths, target, truth.shape);
  const known = within
    ? Float32Array.from(truth.data, (value, at) => (within[at] ? value : NaN))
    : truth.data;
  return { own: own.data, truth: known, count, width: count === 0 ? 0 : own.data.length / count };
}

function need(tensors: HostTensors, name: string, what: string): HostTensor {
  const found = tensors[name];
  if (found) return found;
  throw new PotstillError({
    code: 'EVALUATE_TENSOR',
    message: `${what} \`${name}\` is not there`,
    allowed: Object.keys(tensors),
  });
}
