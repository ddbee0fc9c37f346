// A shard as bytes: an Arrow IPC file, one row an example, so that pyarrow, DuckDB and Polars read it too.
import {
  DataType,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Int32,
  List,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Uint16,
  Uint8,
  makeData,
  tableFromIPC,
  tableToIPC,
  type Data,
} from 'apache-arrow';
import type { StoredArray, StoredArrays, StoredType } from './encoding.js';

/** A column. Row r is `data[r * width .. (r + 1) * width]`, or `data[offsets[r] .. offsets[r + 1]]` where rows differ. */
export interface ShardColumn {
  readonly name: string;
  readonly type: StoredType;
  /** Elements of every row, when all have the same number; null: rows differ. */
  readonly width: number | null;
  /** Empty when all rows have the same number. */
  readonly offsets: Int32Array;
  readonly data: StoredArray;
}

const types = {
  float32: new Float32(),
  float16: new Float16(),
  int32: new Int32(),
  uint16: new Uint16(),
  uint8: new Uint8(),
} satisfies Record<StoredType, DataType>;

/** Where the schema of a shard says whose answers these are. */
const identityKey = 'potstill';

/**
 * The bytes of a shard of `rows` examples. The same columns give the same bytes. `identity` is kept in the metadata of
 * the schema.
 */
export function encodeShard(rows: number, columns: readonly ShardColumn[], identity: string): Uint8Array {
  const fields = columns.map(({ name, type, width }) => {
    const item = new Field('item', types[type], false);
    return new Field(name, width === null ? new List(item) : new FixedSizeList(width, item), false);
  });
  const schema = new Schema(fields, new Map([[identityKey, identity]]));
  const children = columns.map((column, at) => listOf(column, rows, (fields[at] as Field).type as DataType));
  const struct = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children });
  return tableToIPC(new Table(schema, [new RecordBatch(schema, struct)]), 'file');
}

function listOf({ type, data, offsets }: ShardColumn, rows: number, list: DataType): Data {
  const values: object = { type: types[type], length: data.length, nullCount: 0, data };
  const child = makeData(values as Parameters<typeof makeData>[0]);
  if (DataType.isFixedSizeList(list)) return makeData({ type: list, length: rows, nullCount: 0, child });
  if (!DataType.isList(list)) throw new Error('internal: a column of a shard is a list');
  return makeData({ type: list, length: rows, nullCount: 0, valueOffsets: offsets, child });
}

/**
 * The columns of a shard, as views of `bytes` where they are stored without compression.
 * @throws Error that says what is wrong; the caller names the file.
 */
export function decodeShard(bytes: Uint8Array): {
  readonly rows: number;
  readonly columns: ShardColumn[];
  readonly identity: string | undefined;
} {
  const table = tableFromIPC(bytes);
  if (table.batches.length !== 1) throw new Error(`has ${table.batches.length} record batches, not one`);
  const [batch] = table.batches;
  const columns = table.schema.fields.map((field, at): ShardColumn => {
    const data = batch?.data.children[at];
    const child = data?.children[0];
    const type = (Object.keys(types) as StoredType[]).find((name) => sameType(types[name], child?.type));
    if (!data || !child || !type) throw new Error(`column \`${field.name}\` is ${String(field.type)}`);
    const values = child.values as StoredArrays[typeof type];
    if (DataType.isFixedSizeList(field.type)) {
      const width = field.type.listSize;
      const data = values.subarray(0, table.numRows * width);
      return { name: field.name, type, width, offsets: new Int32Array(0), data };
    }
    const offsets = Int32Array.from((data.valueOffsets as Int32Array).subarray(0, table.numRows + 1));
    return {
      name: field.name,
      type,
      width: null,
      offsets,
      data: values.subarray(0, offsets.at(-1) ?? 0),
    };
  });
  return { rows: table.numRows, columns, identity: table.schema.metadata.get(identityKey) };
}

function sameType(one: DataType, other: DataType | undefined): boolean {
  return one.typeId === other?.typeId && one.ArrayType === other.ArrayType;
}
