// The header of a safetensors file, checked against the file's length.

export interface SafetensorsEntry {
  readonly name: string;
  /** As the file calls it: `F32`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the end of the header. */
  readonly from: number;
  readonly to: number;
}

export interface SafetensorsHeader {
  /** Where the tensors' bytes begin. */
  readonly start: number;
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** `damaged` makes the error to throw from what is wrong. */
export function safetensorsHeader(
  bytes: Uint8Array,
  damaged: (what: string, cause?: unknown) => Error,
): SafetensorsHeader {
  if (bytes.length < 8) throw damaged(`${bytes.length} bytes, fewer than the 8 of a header length`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const start = 8 + headerLength;
  if (start > bytes.length)
    throw damaged(`the header claims ${headerLength} bytes, the file has ${bytes.length - 8}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw damaged('the header is not JSON', cause);
  }
  if (!isRecord(header)) throw damaged('the header is not a JSON object');

  const metadata: Record<string, string> = {};
  const entries: SafetensorsEntry[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (!isRecord(entry)) throw damaged(`the header's entry \`${name}\` is not an object`);
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(entry)) metadata[key] = String(value);
      continue;
    }
    const shape = integers(entry.shape);
    const [from, to, ...more] = integers(entry.data_offsets) ?? [];
    if (!shape || from === undefined || to === undefined || more.length > 0)
      throw damaged(`tensor \`${name}\` has no valid shape and data_offsets`);
    if (start + to > bytes.length)
      throw damaged(
        `the file ends at byte ${bytes.length}, within tensor \`${name}\` (bytes ${start + from} to ${start + to})`,
      );
    entries.push({ name, dtype: String(entry.dtype), shape, from, to });
  }
  return { start, entries, metadata };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function integers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.every((x) => Number.isInteger(x) && (x as number) >= 0)
    ? (value as number[])
    : undefined;
}
