// Arrow IPC files and streams (also Feather 2), read by record batch.
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { RecordBatchReader, type RecordBatch } from 'apache-arrow';
import type { Cell } from './cell.js';
import { damagedAt } from './fault.js';
import type { Chunk, TableSource } from './source.js';

/** Opens an Arrow file. @throws PotstillError DATA_DAMAGED where it is none, or a batch cannot be read. */
export async function openArrow(file: string): Promise<TableSource> {
  const path = basename(file);
  const reader = await readable(path, async () => {
    const opened = await RecordBatchReader.from(createReadStream(file));
    return opened.open();
  });
  return {
    path,
    columns: reader.schema.fields.map(({ name }) => name),
    fixed: true,
    untyped: false,
    async *chunks() {
      for (;;) {
        const next = await readable(path, async () => reader.next());
        if (next.done) return;
        yield chunkOf(next.value);
      }
    },
  };
}

function chunkOf(batch: RecordBatch): Chunk {
  return {
    rows: batch.numRows,
    column(name) {
      const vector = batch.getChild(name);
      if (!vector) return undefined;
      return Array.from({ length: batch.numRows }, (_, row) => (vector.get(row) ?? null) as Cell);
    },
  };
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw damagedAt(
      { path },
      `cannot be read as Arrow IPC: ${error instanceof Error ? error.message : String(error)}`,
      'Is it an Arrow IPC file (Feather 2) or stream, and whole? Compressed ones must be written without compression.',
    );
  }
}
