"""Tokens and sentence vectors of all-MiniLM-L6-v2, by Hugging Face's own tokenizers and onnxruntime in Python.

python test/golden/make_minilm.py  (tokenizers, onnxruntime, numpy; POTSTILL_DATA is set)
"""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers

folder = Path(os.environ["POTSTILL_DATA"]) / "models/all-MiniLM-L6-v2"
tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_padding()
session = onnxruntime.InferenceSession(str(folder / "onnx/model_fp16.onnx"))

texts = [
    "A man is playing a guitar.",
    "Blåbærsyltetøy på øya, Ærlig talt!",
    "",
    "日本語 and naïve café — 12.5 %",
    "word " * 40,
]
limit = 16
golden = {
    "madeBy": f"test/golden/make_minilm.py, tokenizers {tokenizers.__version__}, onnxruntime {onnxruntime.__version__}",
    "limit": limit,
    "texts": [],
    "pairs": [],
}


def run(encoded):
    feed = {
        "input_ids": np.array([encoded.ids], dtype=np.int64),
        "attention_mask": np.ones((1, len(encoded.ids)), dtype=np.int64),
        "token_type_ids": np.array([encoded.type_ids], dtype=np.int64),
    }
    return session.run(["last_hidden_state"], feed)[0][0]


tokenizer.no_truncation()
for text in texts:
    hidden = run(tokenizer.encode(text))
    mean = hidden.mean(axis=0)
    mean /= np.linalg.norm(mean)
    tokenizer.enable_truncation(limit)
    cut = tokenizer.encode(text).ids
    tokenizer.no_truncation()
    golden["texts"].append(
        {
            "text": text,
            "ids": tokenizer.encode(text).ids,
            "cut": cut,
            "mean": [round(float(v), 5) for v in mean[:8]],
            "first": [round(float(v), 5) for v in hidden[0][:8]],
        }
    )
tokenizer.enable_truncation(limit)
for a, b in [("A cat sits.", "A dog runs."), ("word " * 20, "other things " * 10)]:
    encoded = tokenizer.encode(a, b)
    golden["pairs"].append({"a": a, "b": b, "ids": encoded.ids, "types": encoded.type_ids})
Path(__file__).with_name("minilm.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
