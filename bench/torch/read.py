# Reads safetensors files with numpy alone: 8 bytes of header length, a JSON header, raw little-endian data.
import json
import struct

import numpy as np

_DTYPES = {"F32": "<f4", "I32": "<i4", "I64": "<i8", "U8": "u1", "BOOL": "?"}


def read(path):
    """The tensors of a file by name (numpy arrays), and its `__metadata__` (strings by name)."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], _DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata
