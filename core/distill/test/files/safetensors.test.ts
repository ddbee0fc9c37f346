// Safetensors files: exact round trips, and clear words about damage.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import { decodeSafetensors, encodeSafetensors } from '../../src/files/safetensors.js';

const float = (data: readonly number[], shape: readonly number[] = [data.length]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

describe('encodeSafetensors', () => {
  it('gives back every dtype, sizes 0 and 1 and scalars included', () => {
    const tensors: Record<string, HostTensor> = {
      empty: float([], [0, 3]),
      scalar: float([-0], []),
      10: { dtype: 'int32', shape: [2], data: Int32Array.of(-5, 2 ** 31 - 1) },
      2: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
    };
    const read = decodeSafetensors(encodeSafetensors({ tensors, metadata: { 'é"': '\n' } }), 'x');
    expect(read.tensors).toEqual(tensors);
    expect(read.metadata).toEqual({ 'é"': '\n' });
  });

  it('keeps every bit of any float32, NaN payloads included', () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 40 }), (words) => {
        const data = new Float32Array(words.buffer.slice(0, words.byteLength));
        const file = encodeSafetensors({
          tensors: { w: { dtype: 'float32', shape: [data.length], data } },
          metadata: {},
        });
        const read = decodeSafetensors(file, 'x').tensors.w as HostTensor;
        expect(new Uint32Array(read.data.buffer)).toEqual(Uint32Array.from(words));
      }),
    );
  });

  it('gives the same bytes whatever the order in which tensors were named', () => {
    const a = float([1]);
    const b = float([2]);
    expect(encodeSafetensors({ tensors: { a, b }, metadata: {} })).toEqual(
      encodeSafetensors({ tensors: { b, a }, metadata: {} }),
    );
  });
});

describe('decodeSafetensors', () => {
  const whole = encodeSafetensors({ tensors: { w: float([1, 2, 3]) }, metadata: {} });
  it.each([
    ['a file that is too short', whole.subarray(0, 5), /5 bytes, fewer than the 8/],
    ['a header that is cut off', whole.subarray(0, 20), /header claims \d+ bytes, the file has 12/],
    ['data that is cut off', whole.subarray(0, whole.length - 1), /ends at byte \d+, within tensor `w`/],
    ['a header that is no JSON', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 65, 66), /header is not JSON/],
    ['a header that is a list', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 91, 93), /not a JSON object/],
  ])('refuses %s, naming the file', (_what, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'runs/last.safetensors')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'runs/last.safetensors')).toThrow(
      /RUN_CHECKPOINT_DAMAGED: runs\/last/,
    );
  });

  it('notices every flipped byte, every cut and anything appended', () => {
    const refuse = (bytes: Uint8Array) =>
      expect(() => decodeSafetensors(bytes, 'x', 'help')).toThrow(/RUN_CHECKPOINT_DAMAGED: x: /);
    for (let at = 0; at < whole.length; at++)
      for (const flip of [1, 2, 16, 32, 128]) {
        const bytes = whole.slice();
        bytes[at] = (bytes[at] as number) ^ flip;
        refuse(bytes);
      }
    for (let length = 0; length < whole.length; length++) refuse(whole.subarray(0, length));
    refuse(Buffer.concat([whole, Uint8Array.of(0)]));
  });

  it('reads files of other programs, which have no checksum, and says so', () => {
    const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const bytes = Buffer.concat([
      new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer),
      Buffer.from(header),
      new Uint8Array(Float32Array.of(2).buffer),
    ]);
    const { tensors, metadata, sealed } = decodeSafetensors(bytes, 'x');
    expect([tensors.w?.data, metadata, sealed]).toEqual([Float32Array.of(2), {}, false]);
  });
});
