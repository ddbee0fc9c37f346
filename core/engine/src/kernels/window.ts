// Geometry of sliding windows, for convolutions and pools of two or three spatial axes.
import * as tf from '@tensorflow/tfjs-core';
import { misfit, numbersOf, textOf, unsupported } from './operands.js';
import type { KernelAttributes } from './rule.js';

/** One list entry per spatial axis, outermost first. */
export interface Window {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly filter: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before the first element. */
  readonly before: readonly number[];
  /** Padding that the last window needs after the last element; negative where elements are left over. */
  readonly after: readonly number[];
}

type Rounding = 'floor' | 'round' | 'ceil';
type Padding = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
type Two = [number, number];
type Three = [number, number, number];
type Four = [number, number, number, number];
type Five = [number, number, number, number, number];

/** What the kernels of a window have in common. */
export interface WindowSpec {
  /** As users call it, for messages. */
  readonly name: string;
  readonly kind: 'convolution' | 'depthwise' | 'pool';
  readonly spatial: 2 | 3;
}

/** Reads an attribute of one number or one per spatial axis. */
function perAxis(attributes: KernelAttributes, name: string, spatial: number): number[] {
  if (attributes[name] === undefined || attributes[name] === null) return new Array<number>(spatial).fill(1);
  const list = numbersOf(attributes, name);
  return list.length === 1 ? new Array<number>(spatial).fill(list[0] ?? 1) : list;
}

function checkLayout({ name }: WindowSpec, attributes: KernelAttributes): void {
  const format = textOf(attributes, 'dataFormat') ?? 'NHWC';
  if (format !== 'NHWC' && format !== 'NDHWC') {
    throw unsupported(
      `${name}: data format ${format} cannot be lowered`,
      'use channels last (NHWC, NDHWC), the default of TF.js',
    );
  }
}

/**
 * The window of a kernel. `filter` is the whole filter shape of a convolution, the window's size of a pool.
 * Gradients give the shape of `dy` too: TF.js forgets the rounding mode on the way to them.
 */
export function windowOf(
  spec: WindowSpec,
  image: readonly number[],
  filter: readonly number[],
  attributes: KernelAttributes,
  dy?: readonly number[],
): Window {
  const { name, kind, spatial } = spec;
  checkLayout(spec, attributes);
  if (image.length !== spatial + 2) {
    throw misfit(`${name}: the image has rank ${image.length}, ${spatial + 2} is needed`);
  }
  const channels = image[spatial + 1] ?? 0;
  if (kind !== 'pool') {
    if (filter.length !== spatial + 2) {
      throw misfit(`${name}: the filter has rank ${filter.length}, ${spatial + 2} is needed`);
    }
    if (filter[spatial] !== channels) {
      throw misfit(`${name}: filter has ${filter[spatial]} input channels, image has ${channels}`);
    }
  }
  const strides = perAxis(attributes, 'strides', spatial);
  const dilations = perAxis(attributes, 'dilations', spatial);
  const { before, output } = placed(spec, image, filter, strides, dilations, attributes);
  const size = filter.slice(0, spatial);
  const input = image.slice(1, -1);
  const out = dy ? dy.slice(1, -1) : output;
  const after = out.map((n, i) => {
    const reach = ((size[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    return (n - 1) * (strides[i] ?? 1) + reach - (input[i] ?? 0) - (before[i] ?? 0);
  });
  if (kind === 'pool') checkPoolPadding(name, size, before, after);
  const outChannels = {
    pool: channels,
    convolution: filter.at(-1) ?? 0,
    depthwise: channels * (filter.at(-1) ?? 0),
  };
  return {
    batch: image[0] ?? 0,
    inChannels: channels,
    outChannels: outChannels[kind],
    input,
    output: out,
    filter: size,
    strides,
    dilations,
    before,
    after,
  };
}

function checkPoolPadding(
  name: string,
  size: readonly number[],
  before: readonly number[],
  after: readonly number[],
): void {
  for (const [i, length] of size.entries()) {
    const most = Math.max(before[i] ?? 0, after[i] ?? 0);
    if (most >= length) {
      throw misfit(`${name}: a padding of ${most} leaves windows of size ${length} without any element`);
    }
  }
}

/**
 * Asks TF.js where windows lie, so that the rules of 'same', numbers and explicit padding are its own. Over volumes it
 * pads 'same' by a negative number where a stride is wider than the filter; as over images, that is none.
 */
function placed(
  { kind, spatial }: WindowSpec,
  image: readonly number[],
  filter: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  attributes: KernelAttributes,
): { before: number[]; output: number[] } {
  const pad = attributes.pad as Padding;
  const rounding = textOf(attributes, 'dimRoundingMode') as Rounding | undefined;
  if (spatial === 2) {
    const info =
      kind === 'pool'
        ? tf.backend_util.computePool2DInfo(
            image as Four,
            filter as Two,
            strides as Two,
            dilations as Two,
            pad,
            rounding,
          )
        : tf.backend_util.computeConv2DInfo(
            image as Four,
            filter as Four,
            strides as Two,
            dilations as Two,
            pad,
            rounding,
            kind === 'depthwise',
          );
    return { before: [info.padInfo.top, info.padInfo.left], output: [info.outHeight, info.outWidth] };
  }
  const plain = pad as 'same' | 'valid' | number;
  const info =
    kind === 'pool'
      ? tf.backend_util.computePool3DInfo(
          image as Five,
          filter as Three,
          strides as Three,
          dilations as Three,
          plain,
          rounding,
        )
      : tf.backend_util.computeConv3DInfo(
          image as Five,
          filter as Five,
          strides as Three,
          dilations as Three,
          plain,
        );
  return {
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left].map((n) => Math.max(0, n)),
    output: [info.outDepth, info.outHeight, info.outWidth],
  };
}

/** Padding in ONNX order: all befores, then all afters, none negative. */
export function onnxPads({ before, after }: Window): number[] {
  return [...before, ...after.map((n) => Math.max(0, n))];
}

/** True for windows of one element that neither pad nor dilate anything. */
export function isPointwise({ filter, before, after }: Window): boolean {
  return filter.every((n) => n === 1) && before.every((n) => n === 0) && after.every((n) => n <= 0);
}

/**
 * The window over the part of the image that it reaches; the rest is cut off (see `cut` in layout.ts), because ONNX
 * knows no negative padding and would give left-over elements windows of their own. TF.js leaves elements out after
 * the last window when padding is a number (it takes the height's stride and filter for both axes), and when strides are
 * wider than the filter.
 */
export function reached(window: Window): Window {
  const excess = window.after.map((n, i) => (-n >= (window.strides[i] ?? 1) ? -n : 0));
  return {
    ...window,
    input: window.input.map((n, i) => n - (excess[i] ?? 0)),
    after: window.after.map((n, i) => n + (excess[i] ?? 0)),
  };
}
