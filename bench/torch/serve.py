# Benchmark peer: PyTorch, eager or compiled. Speaks the protocol of bench/harness/protocol.ts over stdin and stdout.
# usage: serve.py torch|torch-compiled MEMBER THREADS RATE BATCHES FOLDER (npm run bench starts this)
import json
import os
import statistics
import sys
import time
import traceback

MARK = "bench:"
WARM_SHARE = 0.15


class Cannot(Exception):
    pass


def say(**message):
    print(MARK + json.dumps(message), flush=True)


def prepare(peer, name, threads, rate, batches, folder):
    """The step as a function without arguments, and what the peer says of itself."""
    try:
        import torch
    except ImportError as error:
        raise Cannot(f"{sys.executable} has no torch ({error}); pip install torch==2.13.0, --python FILE") from None
    torch.set_num_threads(int(threads))
    from member import Step
    from members import MEMBERS
    from read import read

    if name not in MEMBERS:
        raise Cannot(f"bench/torch has no {name}")
    weights, _ = read(os.path.join(folder, "weights.safetensors"))
    raw = [read(os.path.join(folder, f"batch-{i}.safetensors"))[0] for i in range(int(batches))]

    def make(channels_last):
        step = Step(MEMBERS[name](weights), float(rate), peer == "torch-compiled", channels_last)
        return Repeated(step, [step.inputs(batch) for batch in raw])

    versions = {"torch": torch.__version__}
    if not any(array.ndim == 4 for array in raw[0].values()):
        return make(False), {"versions": versions}
    # Which layout of images is faster differs between machines and networks; PyTorch gets the better one.
    steps = {"contiguous": make(False), "channels_last": make(True)}
    speed = {key: trial(step) for key, step in steps.items()}
    best = min(speed, key=speed.get)
    steps[best].reset(weights)
    return steps[best], {"versions": versions, "remark": best}


class Repeated:
    """A step that goes round its batches."""

    def __init__(self, step, inputs):
        self.step, self.inputs, self.made = step, inputs, 0

    def __call__(self):
        self.made += 1
        return self.step(self.inputs[(self.made - 1) % len(self.inputs)])

    def reset(self, weights):
        """As before the first step, but compiled."""
        from member import load

        load(self.step.member, weights)
        self.step.optimizer.state.clear()
        self.made = 0


def timed(step):
    begin = time.perf_counter()
    loss = step()
    return loss, (time.perf_counter() - begin) * 1000


def trial(step):
    """Milliseconds of a step, after two that compile and warm up."""
    for _ in range(2):
        step()
    return statistics.median(timed(step)[1] for _ in range(5))


def run(step, seconds, most):
    begin = time.perf_counter()
    if most > 1:
        step()
        while time.perf_counter() - begin < seconds * WARM_SHARE:
            step()
    times = [timed(step)[1]]
    while len(times) < most and time.perf_counter() - begin < seconds:
        times.append(timed(step)[1])
    return times


def main():
    step, about = prepare(*sys.argv[1:])
    say(reply="ready", **about)
    for line in sys.stdin:
        request = json.loads(line)
        if request["ask"] == "first":
            loss, ms = timed(step)
            say(reply="first", loss=loss, ms=ms)
        else:
            say(reply="times", ms=run(step, request["seconds"], request["most"]))


try:
    main()
except Cannot as error:
    say(reply="cannot", reason=str(error))
    sys.exit(1)
except Exception as error:
    traceback.print_exc()
    say(reply="cannot", reason=f"{type(error).__name__}: {error}".splitlines()[0])
    sys.exit(1)
