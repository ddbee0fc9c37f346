// Columns of an Arrow IPC file or stream (Feather v2).
import { DataType, tableFromIPC, type Table, type Vector } from 'apache-arrow';
import type { DType } from '@potstill/engine';
import { cellColumn, NotReadable, type Cell, type Column } from './column.js';

export function readArrow(bytes: Uint8Array): Map<string, () => Column> {
  let table: Table;
  try {
    table = tableFromIPC(bytes);
  } catch (error) {
    throw new NotReadable(`it is no Arrow file: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new Map(
    table.schema.fields.map(({ name, type }, at) => [
      name,
      () => {
        const vector = table.getChildAt(at);
        const dtype = dtypeOf(type as DataType);
        if (!vector || !dtype) throw new NotReadable(`column \`${name}\` is ${String(type)}, not numbers`);
        const cells = Array.from({ length: table.numRows }, (_, row) => cellOf(vector.get(row)));
        return cellColumn(name, cells, dtype);
      },
    ]),
  );
}

/** Of numbers, and of what lists hold. */
function dtypeOf(type: DataType): DType | undefined {
  if (DataType.isList(type) || DataType.isFixedSizeList(type))
    return dtypeOf(type.children[0]?.type as DataType);
  if (DataType.isFloat(type)) return 'float32';
  if (DataType.isInt(type)) return 'int32';
  return DataType.isBool(type) ? 'bool' : undefined;
}

/** Lists come as vectors, whose elements are read one by one: halves are numbers only so. */
function cellOf(value: unknown): Cell {
  if (typeof value !== 'object' || value === null) return value as Cell;
  const vector = value as Vector;
  return Array.from({ length: vector.length }, (_, i) => cellOf(vector.get(i)));
}
