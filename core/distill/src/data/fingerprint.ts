// Fingerprints: sha256 over content, with each part's kind and length, so that parts cannot run into one another.
import { createHash } from 'node:crypto';

/** What can be fingerprinted: text, numbers, bytes of any view, and plain data (keys in any order). */
export type FingerprintPart = string | number | boolean | null | ArrayBufferView | object;

/** JSON with sorted keys, so that the order in which options were written does not matter. `undefined` is left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(
          Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
        )
      : inner,
  );
}

/** sha256 of the parts in order, as 64 hexadecimal digits. Other content, other order or other types: another result. */
export function fingerprint(...parts: readonly FingerprintPart[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    if (ArrayBuffer.isView(part)) {
      hash.update(`bytes ${part.byteLength}\n`);
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    } else {
      const text = canonicalJson(part);
      hash.update(`json ${Buffer.byteLength(text)}\n${text}`);
    }
  }
  return hash.digest('hex');
}
