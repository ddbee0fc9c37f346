// A checksum that a file carries of itself: the sha256 of all its bytes, with its own 64 digits taken as zeros.
import { createHash } from 'node:crypto';

/** Stands in the file until it is sealed. */
export const unsealed = '0'.repeat(64);

/** Written beside the checksum, under another key: damage to one of the two keys cannot pass for a file without checksum. */
export const sealedFormat = 2;

/** What stands before the 64 digits. */
export interface SealMark {
  readonly before: string;
  /** Which occurrence counts; the others belong to what the file holds. */
  readonly which: 'first' | 'last';
}

function placeOf(bytes: Uint8Array, { before, which }: SealMark): number | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = which === 'first' ? buffer.indexOf(before) : buffer.lastIndexOf(before);
  const at = found + Buffer.byteLength(before);
  return found < 0 || at + unsealed.length > bytes.length ? undefined : at;
}

function digestWithout(bytes: Uint8Array, at: number): string {
  return createHash('sha256')
    .update(bytes.subarray(0, at))
    .update(unsealed)
    .update(bytes.subarray(at + unsealed.length))
    .digest('hex');
}

/** Puts the checksum into `bytes`, in place of {@link unsealed}. */
export function seal(bytes: Uint8Array, mark: SealMark): void {
  const at = placeOf(bytes, mark);
  if (at === undefined) throw new Error(`internal: no place for a checksum after ${mark.before}`);
  bytes.set(Buffer.from(digestWithout(bytes, at)), at);
}

/** Whether the bytes are those that were sealed; `none` when they carry no checksum under that mark. */
export function checkSeal(bytes: Uint8Array, mark: SealMark): 'sound' | 'broken' | 'none' {
  const at = placeOf(bytes, mark);
  if (at === undefined) return 'none';
  const written = Buffer.from(bytes.subarray(at, at + unsealed.length)).toString('latin1');
  return written === digestWithout(bytes, at) ? 'sound' : 'broken';
}

/** What is said of bytes whose checksum is wrong, or gone though the file says that it has one. */
export const brokenSeal = 'its content does not match its checksum: the file was changed or damaged';
export const missingSeal = 'its checksum is missing: the file was changed or damaged';
