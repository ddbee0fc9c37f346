// The checksum that an exported ONNX file carries of itself, in two of its metadata entries.
import { brokenSeal, checkSeal, missingSeal, seal, sealedFormat, unsealed, type SealMark } from './seal.js';
import { damagedFile } from './read-file.js';

const formatKey = 'potstill.format';
const sealKey = 'potstill.sha256';

/** The key, then how protobuf begins a string of 64 bytes as field 2 of the same entry. Metadata comes last in a file. */
const mark: SealMark = { before: `${sealKey}\x12\x40`, which: 'last' };

/** To be the last entries of the metadata, before {@link sealOnnx}. */
export const sealMetadata = { [formatKey]: String(sealedFormat), [sealKey]: unsealed };

/** Puts the checksum into the bytes of a model with {@link sealMetadata}. */
export function sealOnnx(bytes: Uint8Array): void {
  seal(bytes, mark);
}

/**
 * `RUN_CHECKPOINT_DAMAGED` when a file that potstill exported has changed since. A file that another program wrote anew,
 * a quantised one for example, names that program as its producer and is not held against potstill's checksum.
 */
export function checkOnnxSeal(
  path: string,
  bytes: Uint8Array,
  model: { readonly producer: string; readonly metadata: Readonly<Record<string, string>> },
): void {
  const { producer, metadata } = model;
  if (producer !== 'potstill') return;
  const why =
    metadata[sealKey] === undefined
      ? metadata[formatKey] !== undefined && missingSeal
      : checkSeal(bytes, mark) !== 'sound' && brokenSeal;
  if (why !== false)
    throw damagedFile(
      path,
      why,
      `Write it again with \`potstill export\`. If another program changed it on purpose, have that program set \`producer_name\` to its own name.`,
    );
}
