// Tensors of a safetensors file of any program, in all of its number types.
import { elementCount } from '../../data/index.js';
import { safetensorsHeader } from '../../files/safetensors-header.js';
import { arrayColumn, NotReadable, type Column } from './column.js';
import { readElements, type ElementName } from './elements.js';

const names: Readonly<Record<string, ElementName>> = {
  F16: 'f2',
  BF16: 'bf2',
  F32: 'f4',
  F64: 'f8',
  I8: 'i1',
  I16: 'i2',
  I32: 'i4',
  I64: 'i8',
  U8: 'u1',
  U16: 'u2',
  U32: 'u4',
  U64: 'u8',
  BOOL: 'b1',
};

export function readSafetensors(bytes: Uint8Array): Map<string, () => Column> {
  const { start, entries } = safetensorsHeader(bytes, (what) => new NotReadable(what));
  return new Map(
    entries.map(({ name, dtype, shape, from, to }) => [
      name,
      () => {
        const type = names[dtype];
        if (!type) throw new NotReadable(`tensor \`${name}\` has dtype ${dtype}`);
        const read = readElements(bytes.subarray(start + from, start + to), type, elementCount(shape));
        return arrayColumn(read.dtype, shape, read.data);
      },
    ]),
  );
}
