// Parquet files, read by row group and only the columns asked for. https://github.com/hyparam/hyparquet
import { basename } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Cell } from './cell.js';
import { damagedAt } from './fault.js';
import { chunkRows, type Chunk, type TableSource } from './source.js';

/** Opens a Parquet file. @throws PotstillError DATA_DAMAGED where it is none, or a page cannot be read. */
export async function openParquet(file: string): Promise<TableSource> {
  const path = basename(file);
  const buffer = await asyncBufferFromFile(file);
  const metadata = await readable(path, () => parquetMetadataAsync(buffer));
  const [root] = metadata.schema;
  const columns = topLevel(metadata.schema.slice(1), root?.num_children ?? 0);
  const groups = metadata.row_groups.map((group) => Number(group.num_rows));
  return {
    path,
    columns,
    fixed: true,
    untyped: false,
    async *chunks(wanted) {
      let start = 0;
      for (const rows of groups) {
        const end = start + rows;
        for (let from = start; from < end; from += chunkRows) {
          const rowEnd = Math.min(end, from + chunkRows);
          yield chunkOf(
            await readable(path, () =>
              parquetReadObjects({
                file: buffer,
                metadata,
                compressors,
                columns: [...wanted],
                rowStart: from,
                rowEnd,
              }),
            ),
          );
        }
        start = end;
      }
    },
  };
}

/** Names of the columns themselves, not of what lies within lists and maps. */
function topLevel(
  schema: readonly { readonly name: string; readonly num_children?: number }[],
  count: number,
): string[] {
  const names: string[] = [];
  let at = 0;
  const skip = (): void => {
    const children = schema[at++]?.num_children ?? 0;
    for (let child = 0; child < children; child++) skip();
  };
  while (names.length < count && at < schema.length) {
    names.push(schema[at]?.name ?? '');
    skip();
  }
  return names;
}

function chunkOf(rows: readonly Record<string, unknown>[]): Chunk {
  return {
    rows: rows.length,
    column: (name) => rows.map((row) => (row[name] ?? null) as Cell),
  };
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw damagedAt(
      { path },
      `cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`,
      'Is it a Parquet file, and whole?',
    );
  }
}
