"""Speech probabilities of silero-vad, frame by frame, as the loop of its own Python package gives them.

python test/golden/make_silero.py  (numpy, onnxruntime; POTSTILL_DATA is set)

The loop is that of OnnxWrapper.audio_forward and OnnxWrapper.__call__ (snakers4/silero-vad, src/silero_vad/utils_vad.py):
a recording is filled up to whole frames with zeros; each frame is given with the last samples of the one before and the
state that the model gave for it.
"""

import json
import os
import wave
from pathlib import Path

import numpy as np
import onnxruntime

data = Path(os.environ["POTSTILL_DATA"])
recordings = ["models/honk-kws/examples/down.wav", "fsdd/0_george_0.wav", "fsdd/7_jackson_3.wav"]


def read(path):
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return samples.astype(np.float32) / 32768, file.getframerate()


session = onnxruntime.InferenceSession(str(data / "models/silero-vad/silero_vad.onnx"))


def audio_forward(samples, rate):
    size, context_size = (512, 64) if rate == 16000 else (256, 32)
    if len(samples) % size:
        samples = np.pad(samples, (0, size - len(samples) % size))
    state = np.zeros((2, 1, 128), dtype=np.float32)
    context = np.zeros((1, context_size), dtype=np.float32)
    found = []
    for start in range(0, len(samples), size):
        x = np.concatenate([context, samples[None, start : start + size]], axis=1)
        out, state = session.run(None, {"input": x, "state": state, "sr": np.array(rate, dtype=np.int64)})
        context = x[:, -context_size:]
        found.append(float(out[0, 0]))
    return found


golden = {
    "madeBy": f"test/golden/make_silero.py, onnxruntime {onnxruntime.__version__}, numpy {np.__version__}",
    "recordings": [],
}
for path in recordings:
    samples, rate = read(data / path)
    golden["recordings"].append(
        {"path": path, "rate": rate, "samples": len(samples), "speech": [round(p, 7) for p in audio_forward(samples, rate)]}
    )
target = Path(__file__).with_name("silero.json")
target.write_text(json.dumps(golden, indent=1) + "\n")
