// Pictures out of tensors.
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { pictureForm, pictureUri } from '../../src/report/picture.js';

function pixels(uri: string) {
  const png = decode(Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64'));
  return { width: png.width, height: png.height, channels: png.channels, data: [...png.data] };
}

describe('pictureUri', () => {
  it('undoes scale, mean and std, channel by channel', () => {
    const mean = [0.5, 0.25, 0];
    const std = [0.5, 0.25, 1];
    const bytes = [0, 51, 102, 255, 204, 153];
    const data = Float32Array.from(bytes, (byte, i) => (byte / 255 - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1));
    const uri = pictureUri({ dtype: 'float32', shape: [1, 2, 3], data }, 'NHWC', {
      layout: 'NHWC',
      scale: 1 / 255,
      mean,
      std,
    });
    expect(pixels(uri)).toEqual({ width: 2, height: 1, channels: 3, data: bytes });
  });

  it('reads channels first', () => {
    const data = Float32Array.of(10, 20, 30, 40, 50, 60);
    const uri = pictureUri({ dtype: 'float32', shape: [3, 1, 2], data }, 'NCHW', {
      layout: 'NCHW',
      scale: 1,
      mean: [0],
      std: [1],
    });
    expect(pixels(uri).data).toEqual([10, 30, 50, 20, 40, 60]);
  });

  it('stretches the range where the preprocessing is not known, and clamps where it is', () => {
    const tensor = { dtype: 'float32', shape: [1, 3, 1], data: Float32Array.of(-1, 0, 1) } as const;
    expect(pixels(pictureUri(tensor, 'NHWC')).data).toEqual([0, 128, 255]);
    const raw = { layout: 'NHWC', scale: 1 / 300, mean: [0], std: [1] } as const;
    expect(pixels(pictureUri(tensor, 'NHWC', raw)).data).toEqual([0, 0, 255]);
  });

  it('shows an even picture as black rather than dividing by nothing', () => {
    const tensor = { dtype: 'float32', shape: [1, 1, 1], data: Float32Array.of(4) } as const;
    expect(pixels(pictureUri(tensor, 'NHWC')).data).toEqual([0]);
  });

  it('thins large pictures', () => {
    const tensor = { dtype: 'float32', shape: [300, 200, 1], data: new Float32Array(60_000) } as const;
    expect(pixels(pictureUri(tensor, 'NHWC'))).toMatchObject({ width: 67, height: 100 });
  });
});

describe('pictureForm', () => {
  const flat = { layout: 'flat', scale: 1, mean: [0], std: [1] } as const;

  it('knows pictures by their channels', () => {
    expect(pictureForm({ dtype: 'float32', shape: [28, 28, 1] })).toEqual({ layout: 'NHWC' });
    expect(pictureForm({ dtype: 'float32', shape: [28, 28, 7] })).toBeUndefined();
    expect(pictureForm({ dtype: 'float32', shape: [784] })).toBeUndefined();
    const first = { ...flat, layout: 'NCHW' } as const;
    expect(pictureForm({ dtype: 'float32', shape: [3, 8, 8] }, first)?.layout).toBe('NCHW');
  });

  it('reads flat pixels as a square, and only where they can be one', () => {
    expect(pictureForm({ dtype: 'float32', shape: [784] }, flat)?.unfolded).toEqual([28, 28, 1]);
    const colours = { ...flat, mean: [0, 0, 0], std: [1, 1, 1] };
    expect(pictureForm({ dtype: 'float32', shape: [3072] }, colours)?.unfolded).toEqual([32, 32, 3]);
    expect(pictureForm({ dtype: 'float32', shape: [785] }, flat)).toBeUndefined();
    expect(pictureForm({ dtype: 'float32', shape: [28, 28, 1] }, flat)).toBeUndefined();
  });
});
