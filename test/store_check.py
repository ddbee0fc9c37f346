"""Opens a folder of the teacher store with pyarrow and DuckDB, decodes it, and compares it with what potstill exported.

usage: python store_check.py FOLDER LOGITS.npy LOGITS.safetensors    (pyarrow, duckdb, numpy)
"""

import glob
import json
import sys

import duckdb
import numpy as np
import pyarrow as pa

folder, npy, safetensors = sys.argv[1:]


def shard(path):
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def column(table, name):
    """A column of lists of one length as an array [rows, length]."""
    lists = table[name].combine_chunks()
    return lists.values.to_numpy(zero_copy_only=False).reshape(len(lists), -1)


# Shards sort by their names into the order of the examples.
table = pa.concat_tables(shard(path) for path in sorted(glob.glob(f"{folder}/*.arrow")))
with open(f"{folder}/manifest.json") as file:
    manifest = json.load(file)
(classes,) = manifest["shape"]
encoding = manifest["encoding"]

if encoding in ("float32", "float16"):
    decoded = column(table, "logits").astype(np.float32)
elif encoding == "int8":
    ranges = column(table, "logits.range")
    ranges = ranges.astype(np.float64)
    decoded = ranges[:, :1] + ranges[:, 1:] * column(table, "logits")
else:
    # What is not among the largest shares the rest of the mass.
    rest = column(table, "logits.rest") - np.log(classes - encoding["top"])
    decoded = np.repeat(rest, classes, axis=1).astype(np.float32)
    np.put_along_axis(decoded, column(table, "logits.classes"), column(table, "logits"), axis=1)

exported = np.load(npy, mmap_mode="r")
with open(safetensors, "rb") as file:
    length = int.from_bytes(file.read(8), "little")
    entry = json.loads(file.read(length))["logits"]
    begin, end = entry["data_offsets"]
    tensor = np.frombuffer(file.read()[begin:end], np.float32).reshape(entry["shape"])

# DuckDB reads Arrow tables as they are, except for half floats, which it does not have.
halves = [field.name for field in table.schema if field.type.value_type == pa.float16()]
for name in halves:
    length = table.schema.field(name).type.list_size
    whole = table[name].cast(pa.list_(pa.float32(), length))
    table = table.set_column(table.schema.get_field_index(name), name, whole)
((count, longest),) = duckdb.sql('select count(*), max(len(logits)) from "table"').fetchall()

print(
    json.dumps(
        {
            "rows": len(table),
            "duckdb": count,
            "longest": longest,
            "classes": classes,
            "agree": bool(
                np.allclose(decoded, exported, rtol=1e-6, atol=1e-6)
                and (exported == tensor).all()
                and exported.shape == (len(table), classes)
            ),
        }
    )
)
