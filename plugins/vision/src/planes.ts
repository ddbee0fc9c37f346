// How the pixels of one example lie in memory: what the transforms need to move them.
import { PotstillError, type DataDescription } from 'potstill';

/** Planes of rows of pixels; a pixel is `pixel` numbers that lie together. NHWC: one plane. NCHW: one a channel. */
export interface Planes {
  /** The field that holds the image. */
  readonly field: string;
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly pixel: number;
  readonly channels: number;
}

/**
 * Finds the image among the inputs of the data. A flat example must be a square image, channels last.
 * @throws PotstillError RECIPE_BAD_VALUE where there is none; it says what the data has.
 */
export function planesOf(data: DataDescription, transform: string, asked?: string): Planes {
  const field = asked ?? data.inputs[0] ?? '';
  const spec = data.spec[field];
  const layout = data.preprocessing?.layout ?? (spec?.shape.length === 1 ? 'flat' : 'NHWC');
  const refuse = (found: string): PotstillError =>
    new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `${transform}: ${found}`,
      hint: 'It needs float32 images of shape [height, width, channels] or [channels, height, width], or square images laid flat.',
      allowed: Object.keys(data.spec),
    });
  if (!spec) throw refuse(`the data has no field \`${field}\``);
  const shape = spec.shape.filter((length) => length !== null);
  if (spec.dtype !== 'float32' || shape.length !== spec.shape.length) {
    throw refuse(`field \`${field}\` is ${spec.dtype} [${spec.shape.map((n) => n ?? '?').join(', ')}]`);
  }
  if (layout === 'flat' && shape.length === 1) {
    const channels = Math.max(1, data.preprocessing?.mean.length ?? 1);
    const side = Math.sqrt((shape[0] as number) / channels);
    if (!Number.isInteger(side)) {
      throw refuse(
        `field \`${field}\` has ${shape[0] as number} numbers, which is not a square image of ${channels} channels`,
      );
    }
    return { field, planes: 1, height: side, width: side, pixel: channels, channels };
  }
  if (shape.length === 3) {
    const [a, b, c] = shape as [number, number, number];
    return layout === 'NCHW'
      ? { field, planes: a, height: b, width: c, pixel: 1, channels: a }
      : { field, planes: 1, height: a, width: b, pixel: c, channels: c };
  }
  throw refuse(`field \`${field}\` has shape [${shape.join(', ')}] in layout ${layout}`);
}
