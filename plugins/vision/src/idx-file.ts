// Reads idx files, gzip or not. A header that lies costs nothing: no more is read or unpacked than it declares.
import { constants } from 'node:buffer';
import { constants as fsConstants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { PotstillError, shapeText } from 'potstill';
import {
  completeHeader,
  damaged,
  parseHeader,
  valuesOf,
  wrongLength,
  type Header,
  type IdxArray,
} from './idx-format.js';

/** The best that deflate can do: a packed byte holds at most 1,032 bytes. */
const deflateRatio = 1032;

/**
 * Reads an idx file; one that begins as gzip is unpacked (offsets in errors then count unpacked bytes). The header says
 * how many bytes there are, and never more than these are read or unpacked.
 * @throws PotstillError DATA_NOT_FOUND where it cannot be read, DATA_DAMAGED where it is cut short, goes on too long,
 * or is not an idx file: with path, byte offset, and what was expected.
 */
export async function readIdx(path: string): Promise<IdxArray> {
  const fail = (reason: string, cause?: unknown): PotstillError =>
    new PotstillError(
      { code: 'DATA_NOT_FOUND', message: `idx file ${path} cannot be read: ${reason}` },
      { cause },
    );
  let file: FileHandle | undefined;
  try {
    // Without it, opening a pipe would wait for a writer.
    file = await open(path, fsConstants.O_RDONLY | fsConstants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) throw fail('it is not a regular file');
    return await readOpen(file, path, status.size);
  } catch (error) {
    if (error instanceof PotstillError) throw error;
    throw fail(error instanceof Error ? error.message : String(error), error);
  } finally {
    await file?.close();
  }
}

async function readOpen(file: FileHandle, path: string, size: number): Promise<IdxArray> {
  const magic = new Uint8Array(2);
  await file.read(magic, 0, 2, 0);
  const packed = magic[0] === 0x1f && magic[1] === 0x8b;
  if (packed) return unpack(file, path, size);
  const start = new Uint8Array(Math.min(size, 4 + 4 * 255));
  await file.read(start, 0, start.length, 0);
  const header = parseHeader(start, path);
  if (size !== header.total) throw wrongLength(path, header, size);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) throw wrongLength(path, header, at);
    at += bytesRead;
  }
  return valuesOf(bytes, header);
}

/** Unpacks into the room that the header asks for. */
async function unpack(file: FileHandle, path: string, packedSize: number): Promise<IdxArray> {
  const name = `${path} (unpacked)`;
  const gunzip = createGunzip();
  const source = file.createReadStream({ start: 0, autoClose: false });
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  let start = Buffer.alloc(0);
  let header: Header | undefined;
  let bytes = new Uint8Array(0);
  let filled = 0;
  try {
    for await (const part of gunzip as AsyncIterable<Buffer>) {
      let rest = part;
      if (!header) {
        start = Buffer.concat([start, part]);
        header = completeHeader(start) ? parseHeader(start, name) : undefined;
        if (!header) continue;
        if (header.total > Math.min(packedSize * deflateRatio, constants.MAX_LENGTH))
          throw damaged(
            name,
            header.header,
            `${header.type.dtype} ${shapeText(header.shape)} needs ${header.total} bytes, more than ${packedSize} packed bytes can hold`,
          );
        bytes = new Uint8Array(header.total);
        rest = start;
      }
      if (filled + rest.length > bytes.length) throw wrongLength(name, header, 'more');
      bytes.set(rest, filled);
      filled += rest.length;
    }
  } catch (error) {
    if (error instanceof PotstillError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PotstillError(
      {
        code: 'DATA_DAMAGED',
        message: `gzip file ${path}, within the first ${gunzip.bytesWritten} of ${packedSize} packed bytes: ${reason}`,
        hint: 'Download the file again.',
      },
      { cause: error },
    );
  } finally {
    source.destroy();
    gunzip.destroy();
  }
  header ??= parseHeader(start, name);
  if (filled < header.total) throw wrongLength(name, header, filled);
  return valuesOf(bytes, header);
}
