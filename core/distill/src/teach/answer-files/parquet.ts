// Columns of a Parquet file.
import { parquetMetadata, parquetReadObjects, parquetSchema, type SchemaTree } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { DType } from '@potstill/engine';
import { cellColumn, NotReadable, type Cell, type Column } from './column.js';

export function readParquet(bytes: Uint8Array): Map<string, () => Promise<Column>> {
  const { buffer, byteOffset, byteLength } = bytes;
  const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  let metadata: ReturnType<typeof parquetMetadata>;
  try {
    metadata = parquetMetadata(file);
  } catch (error) {
    throw new NotReadable(`it is no Parquet file: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new Map(
    parquetSchema(metadata).children.map((schema) => [
      schema.element.name,
      async () => {
        const { name } = schema.element;
        const dtype = dtypeOf(schema);
        if (!dtype) throw new NotReadable(`column \`${name}\` does not hold numbers`);
        const rows = await parquetReadObjects({ file, metadata, columns: [name], compressors });
        return cellColumn(
          name,
          rows.map((row) => row[name] as Cell),
          dtype,
        );
      },
    ]),
  );
}

/** Of the numbers at the end of a column's lists. */
function dtypeOf({ element, children }: SchemaTree): DType | undefined {
  const [child] = children;
  if (child) return dtypeOf(child);
  switch (element.type) {
    case 'FLOAT':
    case 'DOUBLE':
      return 'float32';
    case 'INT32':
    case 'INT64':
      return 'int32';
    case 'BOOLEAN':
      return 'bool';
    case 'FIXED_LEN_BYTE_ARRAY':
      return element.logical_type?.type === 'FLOAT16' ? 'float32' : undefined;
    case 'BYTE_ARRAY':
    case 'INT96':
    case undefined:
    default:
      return undefined;
  }
}
