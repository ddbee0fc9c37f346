// Writes idx files for tests.
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

/** An idx file of bytes. */
export function idxBytes(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  bytes[2] = 0x08;
  bytes[3] = shape.length;
  shape.forEach((length, axis) => view.setUint32(4 + 4 * axis, length));
  bytes.set(Array.from(values), 4 + 4 * shape.length);
  return bytes;
}

/** Writes one; packed when the name ends with .gz. */
export async function writeIdx(
  path: string,
  shape: readonly number[],
  values: ArrayLike<number>,
): Promise<void> {
  const bytes = idxBytes(shape, values);
  await writeFile(path, path.endsWith('.gz') ? gzipSync(bytes) : bytes);
}
