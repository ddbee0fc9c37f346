"""Small answer files as Python libraries write them, for the teacher `outputs`: test/golden/answers/.

python test/golden/make_answers.py  (numpy, pyarrow)

Five examples, scores float32 [5, 3] = row * 10 + column / 2, keys 104, 103, … 100 (the file's order is not the data's).
"""

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

folder = Path(__file__).with_name("answers")
folder.mkdir(exist_ok=True)
scores = np.array([[row * 10 + column / 2 for column in range(3)] for row in range(5)], dtype=np.float32)
keys = np.array([104, 103, 102, 101, 100], dtype=np.int64)
ragged = [[float(i) for i in range(row + 1)] for row in range(5)]

np.save(folder / "scores.npy", scores)
np.save(folder / "scores-f8.npy", scores.astype(np.float64))
np.save(folder / "fortran.npy", np.asfortranarray(scores))
np.save(folder / "objects.npy", np.array([{"a": 1}], dtype=object))
np.savez(folder / "scores.npz", scores=scores, id=keys, half=scores.astype(np.float16))
np.savez_compressed(folder / "compressed.npz", scores=scores, id=keys)


def safetensors(tensors, path):
    header, body = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(content)]}
        body += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


bfloat16 = (scores.view(np.uint32) >> 16).astype(np.uint16)
safetensors(
    {
        "scores": ("F32", [5, 3], scores.tobytes()),
        "half": ("F16", [5, 3], scores.astype(np.float16).tobytes()),
        "brain": ("BF16", [5, 3], bfloat16.tobytes()),
        "id": ("I64", [5], keys.tobytes()),
    },
    folder / "scores.safetensors",
)

fixed = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), 3)
table = pa.table(
    {
        "id": keys,
        "scores": fixed,
        "list": pa.array(scores.tolist(), type=pa.list_(pa.float32())),
        "half": pa.FixedSizeListArray.from_arrays(pa.array(scores.astype(np.float16).ravel()), 3),
        "ragged": pa.array(ragged, type=pa.list_(pa.float64())),
        "twice": pa.array([7, 8, 7, 9, 8]),
        "text": pa.array(["a", "b", "c", "d", "e"]),
        "gap": pa.array([1.0, None, 2.0, 3.0, 4.0]),
    }
)
pa.feather.write_feather(table, folder / "scores.feather", compression="uncompressed")
with pa.OSFile(str(folder / "scores.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
    writer.write_table(table, max_chunksize=2)
pa.parquet.write_table(table, folder / "scores.parquet", row_group_size=2)
pa.parquet.write_table(table.select(["id", "scores"]), folder / "zstd.parquet", compression="zstd")
