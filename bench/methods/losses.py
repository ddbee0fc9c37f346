# torchdistill's losses for bench/methods.ts: value and gradient with respect to the student's outputs, less what a mean over the
# same outputs costs. usage: losses.py THREADS, then JSON lines: {"open": NAME, "student": [...], "teacher": [...]} and {"time": NAME}.
import json
import sys
import time

import torch
import torchdistill
from torch import nn
from torchdistill.losses import mid_level as td

BATCH, CLASSES, SECONDS = 128, 10, 0.2
SHAPES = {
    "logits": (BATCH, CLASSES),
    "features": (BATCH, 64),
    "stage.1": (BATCH, 16, 32, 32),
    "stage.2": (BATCH, 32, 16, 16),
    "stage.3": (BATCH, 64, 8, 8),
}


def out(name):
    return {"path": name, "io": "output"}


def one(kind, **options):
    """Losses that take one output of each."""

    def make(student, teacher):
        return kind(
            student_module_path=student[0],
            student_module_io="output",
            teacher_module_path=teacher[0],
            teacher_module_io="output",
            **options,
        )

    return make


def pairs(kind, name, **options):
    """Losses that take pairs of layers."""

    def make(student, teacher):
        both = {
            f"pair{i}": {"student": out(s), "teacher": out(t), "weight": 1} for i, (s, t) in enumerate(zip(student, teacher))
        }
        return kind(**{name: both}, **options)

    return make


def flow(student, teacher):
    pair = {
        "student_first": out(student[0]),
        "student_second": out(student[1]),
        "teacher_first": out(teacher[0]),
        "teacher_second": out(teacher[1]),
    }
    return td.FSPLoss({"pair": pair})


def relational(distance, angle):
    return lambda student, teacher: td.RKDLoss(
        student_output_path=student[0],
        teacher_output_path=teacher[0],
        dist_factor=distance,
        angle_factor=angle,
        reduction="mean",
    )


class Variational(nn.Module):
    """VID with torchdistill's regressors."""

    def __init__(self, student, teacher):
        super().__init__()
        from torchdistill.models.wrapper import Regressor4VID

        self.names = student, teacher
        sizes = [(SHAPES[s][1], SHAPES[t][1]) for s, t in zip(student, teacher)]
        self.regressors = nn.ModuleList([Regressor4VID(a, b, b, 1e-5, 5.0) for a, b in sizes])
        pairs = {f"p{i}": {"student": out(f"r{i}"), "teacher": out(t), "weight": 1} for i, t in enumerate(teacher)}
        self.loss = td.VIDLoss(pairs)

    def forward(self, student, teacher, targets):
        made = {f"r{i}": {"output": r(student[s]["output"])} for i, (r, s) in enumerate(zip(self.regressors, self.names[0]))}
        return self.loss(made, teacher, targets)


# By potstill's name. A loss that needs parts of the models themselves, which torchdistill keeps in
# wrappers, is left out unless it stands above. CRDLoss of 1.1.5 stops when it draws negatives: it has no attribute `prob`.
PEERS = {
    "soft-targets": one(td.KDLoss, temperature=4.0, alpha=0.0),
    "logit-standardization": one(td.LogitStdKDLoss, temperature=2.0, alpha=0.0),
    "dist": one(td.DISTLoss),
    "streamlined-direction": one(td.SKDDirectionLoss),
    "flow-of-solution": flow,
    "attention-transfer": pairs(td.ATLoss, "at_pairs", mode="code"),
    "probabilistic-transfer": one(td.PKTLoss),
    "activation-boundaries": pairs(td.AltActTransferLoss, "feature_pairs", margin=1.0, reduction="mean"),
    "relational-distance": relational(1.0, 0.0),
    "relational-angle": relational(0.0, 1.0),
    "correlation-congruence": lambda student, teacher: td.CCKDLoss(
        student[0], teacher[0], {"type": "gaussian", "gamma": 0.4, "max_p": 2}, "batchmean"
    ),
    "similarity-preserving": lambda student, teacher: td.SPKDLoss(student[0], teacher[0], "batchmean"),
    "variational-information": Variational,
    "hierarchical-context": one(td.HierarchicalContextLoss),
    "affinity": lambda student, teacher: td.AffinityLoss(student[0], teacher[0]),
    "inter-channel-correlation": pairs(td.ChSimLoss, "feature_pairs"),
}


class Measured:
    def __init__(self, name, student, teacher):
        random = torch.Generator().manual_seed(1)
        draw = lambda key: torch.randn(SHAPES[key], generator=random)
        positive = lambda key, x: x if key == "logits" else x.relu()
        self.student = {key: positive(key, draw(key)) for key in dict.fromkeys(student)}
        self.teacher = {key: {"output": positive(key, draw(key))} for key in dict.fromkeys(teacher)}
        self.scales = {key: torch.ones((), requires_grad=True) for key in self.student}
        self.loss = PEERS[name](student, teacher)

    def scaled(self):
        return {key: {"output": value * self.scales[key]} for key, value in self.student.items()}

    def whole(self):
        # Without targets, losses that would add cross-entropy do not.
        value = self.loss(self.scaled(), self.teacher, None)
        value.backward()
        return value.item()

    def mean(self):
        value = sum(each["output"].mean() for each in self.scaled().values())
        value.backward()
        return value.item()

    def time(self):
        return run(self.whole) - run(self.mean)


def run(step):
    started, count = time.perf_counter(), 0
    while count < 3 or time.perf_counter() - started < SECONDS:
        step()
        count += 1
    return (time.perf_counter() - started) / count * 1000


def say(message):
    print(json.dumps(message), flush=True)


torch.set_num_threads(int(sys.argv[1]))
say({"versions": {"torch": torch.__version__, "torchdistill": torchdistill.__version__}})
opened = {}
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "open" in request:
            name = request["open"]
            known = name in PEERS and all(key in SHAPES for key in request["student"] + request["teacher"])
            if known:
                opened = {name: Measured(name, request["student"], request["teacher"])}
                opened[name].whole()
            say({"has": known})
        else:
            say({"ms": opened[request["time"]].time()})
    except Exception as error:
        say({"error": f"{request}: {error!r}"})
