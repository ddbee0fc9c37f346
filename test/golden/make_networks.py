# Makes networks.json: losses of 50 training steps of each network of bench/members at size `small`, by PyTorch 2.13.
# SGD with momentum 0.9, the same initial weights and batches as in test/networks.test.ts. `float64` stands beside `float32`, so
# that what rounding alone does to a network can be seen.
# Run by hand in the root, with Node and a Python with torch==2.13.0: python test/golden/make_networks.py [MEMBER ...]
import json
import pathlib
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(root / "bench" / "torch"))

import torch  # noqa: E402
from member import Step  # noqa: E402
from members import MEMBERS  # noqa: E402
from read import read  # noqa: E402

NETWORKS = ["mlp-800", "cnn", "resnet-20", "mobilenet-v2", "tdnn", "transformer", "gcn", "gat", "ssd"]
STEPS = 50
# Each is seen 12 times, so that every network has something to learn.
BATCHES = 4


def dump(name, folder):
    script = ["--import", "tsx", "bench/members/dump.ts", name, "small", str(folder), str(BATCHES)]
    subprocess.run(["node", "--conditions=potstill-source", *script], cwd=root, check=True)


def losses(folder, dtype):
    weights, metadata = read(folder / "weights.safetensors")
    step = Step(MEMBERS[metadata["member"]](weights).to(dtype), float(metadata["rate"]))
    made = []
    for i in range(STEPS):
        inputs = step.inputs(read(folder / f"batch-{i % BATCHES}.safetensors")[0])
        made.append(step({k: v.to(dtype) if v.is_floating_point() else v for k, v in inputs.items()}))
    return made


def network(name):
    with tempfile.TemporaryDirectory() as folder:
        dump(name, folder)
        by_type = {str(d).removeprefix("torch."): losses(pathlib.Path(folder), d) for d in (torch.float32, torch.float64)}
    noise = max(abs(a - b) / abs(b) for a, b in zip(by_type["float32"], by_type["float64"]))
    print(f"{name}: loss {by_type['float64'][0]:.4f} to {by_type['float64'][-1]:.4f}, float32 off by at most {noise:.1e}")
    return {dtype: [float(f"{x:.10g}") for x in values] for dtype, values in by_type.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    file = root / "test" / "golden" / "networks.json"
    networks = json.loads(file.read_text())["networks"] if file.exists() else {}
    for name in sys.argv[1:] or NETWORKS:
        networks[name] = network(name)
    made_by = f"test/golden/make_networks.py, PyTorch {torch.__version__}"
    ordered = {name: networks[name] for name in NETWORKS if name in networks}
    content = {"madeBy": made_by, "steps": STEPS, "batches": BATCHES, "networks": ordered}
    file.write_text(json.dumps(content, indent=1) + "\n")
