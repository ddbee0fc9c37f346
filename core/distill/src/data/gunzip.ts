// Unpacks gzip, with the place of the damage in errors.
import { createGunzip } from 'node:zlib';
import { PotstillError } from '../errors/potstill-error.js';

/**
 * Unpacks a whole gzip file.
 * @throws PotstillError DATA_DAMAGED with path and how many packed bytes had been read.
 */
export async function gunzip(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  const stream = createGunzip();
  const parts: Buffer[] = [];
  stream.end(bytes);
  try {
    for await (const part of stream) parts.push(part as Buffer);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PotstillError(
      {
        code: 'DATA_DAMAGED',
        message: `gzip file ${path}, within the first ${stream.bytesWritten} of ${bytes.length} packed bytes: ${reason}`,
        hint: 'fetch the file again',
      },
      { cause: error },
    );
  }
  return Buffer.concat(parts);
}
