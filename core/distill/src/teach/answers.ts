// What becomes of a value of the graph before it is an answer: unit axes, probabilities, the order of axes.
import type { HostTensor } from '@potstill/engine';
import type { TensorSpec } from '../contracts/index.js';
import { shapeText } from '../data/index.js';
import { reordered, transposeImages } from './form.js';
import { teacherOutput } from './invalid.js';
import { requestText, type OutputRequest } from './outputs.js';

/** Probabilities below it count as it: the logarithm of 0 teaches nothing. */
const probabilityFloor = 1e-12;

/** Rounding of float16 and of quantised models: how far the sum of a row of probabilities may be from 1. */
export const sumTolerance = 0.01;

export interface Answer {
  readonly spec: TensorSpec;
  /** A batch of the graph's values as the teacher answers with them. */
  convert(tensor: HostTensor): HostTensor;
}

/**
 * `raw` is one example as the graph gives it. Scores (`logits`, and outputs with `as`) lose axes of length 1: [12, 1, 1]
 * becomes [12]. `channelsFirst`: the graph tells that the value is a feature map with the channels first. `sequence`: the first axis is
 * that of steps, each with scores of its own; default: where its length varies.
 * @throws PotstillError TEACHER_OUTPUT where the value cannot be what the recipe says it is.
 */
export function answerOf(
  path: string,
  key: string,
  request: OutputRequest,
  raw: TensorSpec,
  channelsFirst: boolean,
  sequence = raw.shape[0] === null,
): Answer {
  const scores = key === 'logits' || request.as !== undefined;
  const lead = sequence ? 1 : 0;
  const each = raw.shape.slice(lead);
  const long = each.filter((length) => length !== 1);
  const squeezed = scores && each.length > 1 && long.length <= 1;
  const shape = squeezed ? [...raw.shape.slice(0, lead), long[0] ?? 1] : raw.shape;
  if (request.as !== undefined && request.as !== 'logits' && raw.dtype !== 'float32')
    throw teacherOutput(
      `the output \`${request.from}\` of the teacher ${path} is ${raw.dtype}, which cannot be ${request.as}`,
    );
  const image = !squeezed && raw.shape.length === 3;
  if (request.layout === 'NCHW' && !image)
    throw teacherOutput(
      `the output \`${request.from}\` of the teacher ${path} is ${shapeText(raw.shape)} an example, which has no layout NCHW`,
      'leave out `layout`: only values with three axes an example have one',
    );
  const turns = image && (request.layout === 'NCHW' || (channelsFirst && request.layout === undefined));
  return {
    spec: {
      dtype: raw.dtype,
      shape: turns ? [...reordered(shape, 'NCHW', 'NHWC')] : [...shape],
      ...(turns ? { layout: 'NHWC' } : image && channelsFirst ? { layout: 'NCHW' } : {}),
    },
    convert(tensor) {
      const [rows = 0, ...lengths] = tensor.shape;
      if (turns)
        return {
          ...tensor,
          shape: [rows, ...reordered(lengths, 'NCHW', 'NHWC')],
          data: transposeImages(tensor.data, lengths, 'NCHW'),
        } as HostTensor;
      const flat = squeezed
        ? {
            ...tensor,
            shape: [rows, ...lengths.slice(0, lead), lengths.slice(lead).find((length) => length !== 1) ?? 1],
          }
        : tensor;
      if (request.as === 'log-probabilities') checkRows(path, request, flat, Math.exp);
      if (request.as === 'sigmoid') {
        checkSigmoid(path, request, flat);
        return { ...flat, data: Float32Array.from(flat.data, logit) } as HostTensor;
      }
      if (request.as !== 'probabilities') return flat;
      checkRows(path, request, flat, (value) => value);
      return { ...flat, data: Float32Array.from(flat.data, logOf) } as HostTensor;
    },
  };
}

function logOf(probability: number): number {
  return Math.log(Math.max(probability, probabilityFloor));
}

/** The score before a sigmoid. */
function logit(probability: number): number {
  return logOf(probability) - logOf(1 - probability);
}

function checkSigmoid(path: string, { from }: OutputRequest, { data }: HostTensor): void {
  const wrong = data.find((value) => value < -sumTolerance || value > 1 + sumTolerance);
  if (wrong === undefined) return;
  throw teacherOutput(
    `the output \`${from}\` of the teacher ${path} is said to be that of a sigmoid, and one of its numbers is ${Number(wrong.toPrecision(4))}`,
    `if these are scores before the sigmoid, write \`${requestText('logits', { from, as: 'logits' })}\``,
  );
}

/** Each row of probabilities must sum to one. NaN passes: preflight and training name the example. */
function checkRows(
  path: string,
  { from, as }: OutputRequest,
  { data, shape }: HostTensor,
  probability: (value: number) => number,
): void {
  const width = shape.at(-1) ?? 1;
  for (let start = 0; start < data.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += probability(data[i] as number);
    if (Math.abs(sum - 1) <= sumTolerance || Number.isNaN(sum)) continue;
    throw teacherOutput(
      `the output \`${from}\` of the teacher ${path} is said to be ${as ?? ''}, and a row of them sums to ${Number(sum.toPrecision(4))} instead of 1`,
      `if these are scores before the softmax, write \`${requestText('logits', { from, as: 'logits' })}\`; for the answers of a sigmoid write \`as: sigmoid\``,
    );
  }
}
