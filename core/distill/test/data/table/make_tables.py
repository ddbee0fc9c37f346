"""Writes the Parquet and Arrow files of the table tests with pyarrow: python make_tables.py"""
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

table = pa.table(
    {
        "area": pa.array([52.5, None, 80.0, 61.25], pa.float64()),
        "rooms": pa.array([2, 3, 4, 2], pa.int64()),
        "new": pa.array([True, False, None, True], pa.bool_()),
        "city": pa.array(["Oslo", "Bergen", "Oslo", "Tromsø"]).dictionary_encode(),
        "note": pa.array(["a, b", 'say "so"', None, "ø"]),
        "kind": pa.array(["flat", "house", "house", "flat"]),
        "price": pa.array([1.5, 2.5, 3.5, 4.5], pa.float32()),
        "tags": pa.array([["x"], [], None, ["y", "z"]]),
    }
)
for codec in ("snappy", "zstd", "none"):
    pq.write_table(table, f"homes-{codec}.parquet", compression=codec, row_group_size=3)
feather.write_feather(table, "homes.arrow", compression="uncompressed", chunksize=3)
with ipc.new_stream("homes.arrows", table.schema) as stream:
    stream.write_table(table, max_chunksize=3)
