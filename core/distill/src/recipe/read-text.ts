// A recipe file's bytes to text: UTF-8 only, other encodings are named, and no more is read than a recipe can be.
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';

/** Bytes of a recipe file. The longest recipes list the names of tens of thousands of classes. */
const largestRecipe = 4_000_000;

/** Why a file is not read, in words that follow a colon, and what would help. */
export class Unreadable extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist: a part of its path is a file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its symbolic links form a cycle',
  ENAMETOOLONG: 'its name is too long',
  ENXIO: 'it is not a file',
};

/** What the system says of a file that cannot be opened or read, in words that follow a colon. */
export function fileFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

async function readBytes(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const pieces: Buffer[] = [];
    let size = 0;
    // Not by the size that the system tells: a pipe has none, and a device no end.
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
      if (bytesRead === 0) return Buffer.concat(pieces, size);
      size += bytesRead;
      if (size > largestRecipe)
        throw new Unreadable(
          `it is larger than ${largestRecipe / 1e6} MB, the limit for recipes`,
          'is it a data or model file?',
        );
      pieces.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

const save = 'save it as UTF-8';

/** The encoding that a byte order mark, or zeros between the first letters, stand for; undefined when it is neither. */
function wideEncoding(bytes: Buffer): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16';
  if (a === 0xfe && b === 0xff) return 'UTF-16';
  if (a === 0 && b === 0) return c === 0xfe && d === 0xff ? 'UTF-32' : c === 0 && d ? 'UTF-32' : undefined;
  if (a && b === 0 && c === 0 && d === 0) return 'UTF-32';
  if ((a && b === 0 && c && d === 0) || (a === 0 && b && c === 0 && d)) return 'UTF-16';
  return undefined;
}

/** Line and column, from 1, of the first byte that is not UTF-8. */
function faultAt(bytes: Buffer): { readonly line: number; readonly column: number; readonly byte: number } {
  let line = 1;
  let column = 1;
  let at = 0;
  for (const character of bytes.toString('utf8')) {
    // The decoder's sign for bytes that it cannot read, unless the file itself has that character.
    if (character === '\ufffd' && !isUtf8(bytes.subarray(at, at + 3))) break;
    at += Buffer.byteLength(character);
    if (character === '\n') {
      line++;
      column = 1;
    } else column += character.length;
  }
  return { line, column, byte: bytes[at] ?? 0 };
}

/**
 * The text of a recipe file, without a byte order mark. Throws what the system throws for a file that cannot be read
 * (see `fileFault`), and Unreadable for one that is too large, in another encoding or no text at all.
 */
export async function readRecipeText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  const wide = wideEncoding(bytes);
  if (wide !== undefined) throw new Unreadable(`it is encoded as ${wide}; recipes must be UTF-8`, save);
  if (bytes.includes(0)) throw new Unreadable('it is not a text file', 'is it a data or model file?');
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\ufeff/, '');
  const { line, column, byte } = faultAt(bytes);
  throw new Unreadable(
    `it is not UTF-8: byte 0x${byte.toString(16)} in line ${line}, column ${column}; it may be Latin-1 or Windows-1252`,
    save,
  );
}
