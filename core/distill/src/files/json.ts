// The small JSON files of a run: sealed with a checksum when written, checked against it and a schema when read.
import { z } from 'zod';
import { brokenSeal, checkSeal, missingSeal, seal, sealedFormat, unsealed, type SealMark } from './seal.js';
import { damagedFile, readIfThere } from './read-file.js';
import { writeAtomically } from './write-atomically.js';

const mark: SealMark = { before: '"sha256": "', which: 'last' };

/** The bytes of `{ "format": 2, …value, "sha256": … }`. What is not finite is null. */
export function encodeJson(value: object): Uint8Array {
  const sealed = { format: sealedFormat, ...value, sha256: unsealed };
  const bytes = Buffer.from(`${JSON.stringify(sealed, finiteOnly, 2)}\n`);
  seal(bytes, mark);
  return bytes;
}

export async function writeJson(path: string, value: object): Promise<void> {
  await writeAtomically(path, encodeJson(value));
}

export interface ReadJson<T> {
  readonly value: T;
  /** False for a file of potstill 0.1, which wrote no checksums. */
  readonly sealed: boolean;
}

/**
 * Reads such a file; undefined when there is none. One whose checksum, form or content is wrong is
 * `RUN_CHECKPOINT_DAMAGED` with that hint.
 */
export async function readJson<T>(
  path: string,
  schema: z.ZodType<T>,
  hint: string,
): Promise<ReadJson<T> | undefined> {
  const bytes = await readIfThere(path);
  return bytes && decodeJson(bytes, path, schema, hint);
}

export function decodeJson<T>(
  bytes: Uint8Array,
  path: string,
  schema: z.ZodType<T>,
  hint: string,
): ReadJson<T> {
  const state = checkSeal(bytes, mark);
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damagedFile(path, 'the file is not JSON', hint, cause);
  }
  const whole = record.safeParse(raw);
  const { format, sha256, ...body } = whole.data ?? {};
  // A summary of potstill 0.1 holds other files' checksums, deeper inside.
  const sealed = format !== undefined || sha256 !== undefined;
  if (sealed && sha256 === undefined) throw damagedFile(path, missingSeal, hint);
  if (sealed && state !== 'sound') throw damagedFile(path, brokenSeal, hint);
  if (sealed && format !== sealedFormat)
    throw damagedFile(
      path,
      `the file has format ${String(format)}, this version of potstill reads ${sealedFormat}`,
      'Use the version of potstill that wrote it.',
    );
  const parsed = schema.safeParse(whole.success ? body : raw);
  if (!parsed.success) {
    const { path: at = [], message = '' } = parsed.error.issues[0] ?? {};
    const where = at.length > 0 ? ` at \`${at.join('.')}\`` : '';
    throw damagedFile(path, `this is not what potstill writes there${where}: ${message}`, hint, parsed.error);
  }
  return { value: parsed.data, sealed };
}

const record = z.record(z.string(), z.unknown());

function finiteOnly(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
