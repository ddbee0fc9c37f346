// Maps a field of the data to one input of a teacher: values, axis order and shape.
import type { HostTensor } from '@potstill/engine';
import type { DataDescription, Preprocessing, TensorSpec } from '../contracts/index.js';
import { elementCount, shapeText } from '../data/index.js';
import { integerRanges } from './element-types.js';
import { formOf, imageOf, reordered, transposeImages, wantedOrder, type Lengths } from './form.js';
import { teacherInvalid } from './invalid.js';
import { affineOf, applyAffine, type WantedNumbers } from './numbers.js';
import type { GraphValue } from './session.js';

/** How the teacher expects its first input. */
export interface InputOptions extends WantedNumbers {
  /** The model input that receives the data's first input. */
  readonly name?: string | undefined;
  readonly layout?: Preprocessing['layout'] | undefined;
  /** Order of the colours that the model expects; the data's is RGB. */
  readonly channels?: 'RGB' | 'BGR' | undefined;
}

export interface InputMapping {
  readonly field: string;
  /** The conversion as plain data: part of the teacher's fingerprint. */
  readonly description: object;
  /** Shape of one example as the model receives it; `null` follows the data. */
  readonly shape: Lengths;
  /** Converts the field of a batch. TEACHER_INVALID where its shape is not the declared one. */
  convert(tensor: HostTensor): HostTensor;
}

/**
 * Fits a field of the data to an input of the model.
 * @throws PotstillError TEACHER_INVALID where the shapes cannot be reconciled; it names both.
 */
export function fitInput(
  teacher: string,
  data: DataDescription,
  field: string,
  input: GraphValue,
  options: InputOptions,
): InputMapping {
  const spec = data.spec[field];
  if (spec === undefined) throw new Error(`internal: the data have no field ${field}`);
  const { preprocessing } = data;
  const form = formOf(spec.shape, preprocessing);
  const model = input.shape?.slice(1);
  const order = wantedOrder(options.layout, model, form);
  const image = model && imageOf(form, model, order);
  // Where the field is an image, flat or not, its axes can be exchanged.
  const from = image ? 'NHWC' : form.order;
  const offered = order === 'plain' ? form.shape : reordered(image ?? form.shape, from, order);
  const shape = model ? fitted(offered, model) : offered;
  if (shape === undefined) throw doesNotFit(teacher, field, spec, preprocessing, input, model ?? []);
  const colours = image ? image[2] : form.channels;
  const swaps = options.channels === 'BGR';
  if (swaps && colours !== 3)
    throw teacherInvalid(
      `the teacher ${teacher} is said to take \`${input.name}\` as BGR; the data's \`${field}\` has ${colours} ${colours === 1 ? 'channel' : 'channels'}`,
      'leave out `channels`: only images of three channels have such an order',
    );
  const affine = affineOf(swaps ? inDataOrder(options) : options, preprocessing, form);
  const integers = integerRanges[input.type];
  const stated = options.scale !== undefined || options.mean !== undefined || options.std !== undefined;
  if (integers && spec.dtype === 'float32' && !stated)
    refuseUnstatedScale(teacher, field, input, preprocessing);
  const transposes = from !== 'plain' && order !== 'plain' && from !== order ? from : undefined;
  const given = `${field} of ${spec.dtype} ${shapeText(spec.shape)}`;

  return {
    field,
    shape,
    description: {
      input: input.name,
      field,
      shape,
      transposes: transposes ?? null,
      affine: affine ? { factor: [...affine.factor], offset: [...affine.offset] } : null,
      ...(swaps ? { channels: 'BGR' } : {}),
    },
    convert(tensor) {
      const [rows = 0, ...lengths] = tensor.shape;
      const fits =
        lengths.length === spec.shape.length &&
        spec.shape.every((length, axis) => length === null || length === lengths[axis]);
      if (!fits)
        throw teacherInvalid(
          `the teacher ${teacher} was opened for ${given} and received examples of shape ${shapeText(lengths)}`,
          'a transform changed the shape: remove it, or use data of that shape',
        );
      let result = tensor;
      if (affine) {
        const channelsFirst = form.order === 'NCHW' ? elementCount(lengths.slice(1)) : undefined;
        const numbers = applyAffine(result.data, affine, channelsFirst);
        result = { dtype: 'float32', shape: result.shape, data: numbers };
      }
      if (integers && result.dtype === 'float32')
        checkIntegers(teacher, field, input, result.data, integers, stated);
      if (swaps) {
        const pixels = form.order === 'NCHW' ? elementCount(lengths.slice(1)) : 1;
        result = { ...result, data: exchangeColours(result.data, pixels) } as HostTensor;
      }
      const actual = image ?? lengths;
      if (transposes)
        result = { ...result, data: transposeImages(result.data, actual, transposes) } as HostTensor;
      const moved = order === 'plain' ? lengths : reordered(actual, from, order);
      const fixed = shape.filter((length) => length !== null);
      return { ...result, shape: [rows, ...(fixed.length === shape.length ? fixed : moved)] };
    },
  };
}

/** Numbers a channel are in the order of the model. */
function inDataOrder({ mean, std, ...rest }: InputOptions): InputOptions {
  const turned = (value: InputOptions['mean']) => (typeof value === 'object' ? [...value].reverse() : value);
  return { ...rest, mean: turned(mean), std: turned(std) };
}

/** The first and the third channel exchanged; a channel has `pixels` elements in a row. */
function exchangeColours<D extends Float32Array | Int32Array | Uint8Array>(data: D, pixels: number): D {
  const out = data.slice() as D;
  for (let start = 0; start < data.length; start += 3 * pixels) {
    out.set(data.subarray(start, start + pixels), start + 2 * pixels);
    out.set(data.subarray(start + 2 * pixels, start + 3 * pixels), start);
  }
  return out;
}

/** Data in 0..1 would be rounded to 0 and 1. */
function refuseUnstatedScale(
  teacher: string,
  field: string,
  input: GraphValue,
  preprocessing: Preprocessing | undefined,
): void {
  const raw =
    !preprocessing ||
    (preprocessing.scale === 1 &&
      preprocessing.mean.every((mean) => mean === 0) &&
      preprocessing.std.every((std) => std === 1));
  if (raw) return;
  throw teacherInvalid(
    `the teacher ${teacher} takes \`${input.name}\` as ${input.type}, whole numbers; the data's \`${field}\` is scaled by ${Number(preprocessing.scale.toPrecision(4))} and would be rounded`,
    'write `input: { scale: 1 }` in `teacher` to give it the raw values (0 to 255 of images), or the scale that it was trained with',
  );
}

/** Refuses what an integer type cannot hold, and without a stated scale what it would round. */
function checkIntegers(
  teacher: string,
  field: string,
  input: GraphValue,
  data: Float32Array,
  [least, most]: readonly [number, number],
  stated: boolean,
): void {
  const wrong = data.findIndex((value) => {
    const whole = Math.round(value);
    return !(whole >= least && whole <= most) || (!stated && Math.abs(value - whole) > 1e-3);
  });
  if (wrong < 0) return;
  throw teacherInvalid(
    `the teacher ${teacher} takes \`${input.name}\` as ${input.type}, whole numbers from ${least} to ${most}, and the data's \`${field}\` gives ${String(data[wrong])}`,
    'set `input.scale`, `input.mean` and `input.std` to those that the teacher was trained with',
  );
}

/**
 * The offered shape as the model's: the same lengths, with axes of length 1 added or removed, or one of the two flat.
 * Undefined when they do not match.
 */
function fitted(offered: Lengths, model: Lengths): Lengths | undefined {
  const same =
    offered.length === model.length &&
    offered.every((length, axis) => length === null || model[axis] === null || length === model[axis]);
  if (same) return offered.map((length, axis) => length ?? model[axis] ?? null);
  const fixed = offered.filter((length) => length !== null);
  if (fixed.length < offered.length) return undefined;
  const count = elementCount(fixed);
  if (model.length === 1 && (model[0] === null || model[0] === count)) return [count];
  const wanted = model.filter((length) => length !== null);
  if (wanted.length < model.length || elementCount(wanted) !== count) return undefined;
  const long = (lengths: readonly number[]) => lengths.filter((length) => length !== 1).join();
  return fixed.length === 1 || long(fixed) === long(wanted) ? wanted : undefined;
}

function doesNotFit(
  teacher: string,
  field: string,
  spec: TensorSpec,
  preprocessing: Preprocessing | undefined,
  input: GraphValue,
  model: Lengths,
) {
  const layout = preprocessing ? ` (${preprocessing.layout})` : '';
  return teacherInvalid(
    `the teacher ${teacher} takes \`${input.name}\`, ${input.type} ${shapeText(model)} an example; the data's \`${field}\` is ${spec.dtype} ${shapeText(spec.shape)}${layout}`,
    'use data of that size, or set `input.layout` to the axis order that the teacher expects (NHWC, NCHW, flat)',
  );
}
