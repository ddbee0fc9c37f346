# Relations between a batch's examples. Run by hand, with torchdistill 1.1.5: python test/golden/methods/relations.py
import math

import torch
import torch.nn.functional as F
from torchdistill.losses.mid_level import PKTLoss, RKDLoss

from golden import case, draw, write

z, v = draw(1, 5, 4), draw(2, 5, 7)
maps, theirs = draw(3, 4, 3, 3, 2), draw(4, 4, 2, 2, 5)
states, teachers = draw(5, 4, 3, 2), draw(6, 4, 3, 5)
mask = torch.tensor([[1.0, 1, 0], [1, 0, 0], [1, 1, 1], [1, 1, 0]])
embeddings = {"student": {"features": z}, "teacher": {"features": v}}
vectors = lambda loss: lambda s, t, b, w: loss(s["features"], t["features"])


def two(loss):
    """Two pairs of layers add up."""
    pairs = [("a", "c"), ("b", "d")]
    compute = lambda s, t, b, w: sum(loss(s[one].flatten(1), t[other].flatten(1)) for one, other in pairs)
    student, teacher = {"a": z[:4], "b": maps}, {"c": v[:4], "d": theirs}
    return case("two pairs", compute, student=student, teacher=teacher, options={"layers": "{c,d} -> {a,b}"})


def padded(loss):
    compute = lambda s, t, b, w: loss(*((each * mask[..., None]).flatten(1) for each in (s["states"], t["states"])))
    return case(
        "masked positions",
        compute,
        student={"states": states},
        teacher={"states": teachers},
        batch={"m": mask},
        options={"student": "states", "teacher": "states", "mask": "m"},
    )


def family(method, loss, *more, options={}):
    write(method, [case("embeddings", vectors(loss), **embeddings, options=options), two(loss), padded(loss), *more])


def similarity_preserving(s, t):
    # torchdistill's SPKDLoss calls `normalize(x, 1)`, which is the norm of order 1; the paper's is of order 2.
    rows = lambda x: F.normalize(x @ x.T, p=2, dim=1)
    return (rows(t) - rows(s)).norm() ** 2 / len(s) ** 2


def torchdistill_rkd(distance, angle):
    loss = RKDLoss("s", "t", distance, angle, "mean")
    return lambda s, t: loss({"s": {"output": s}}, {"t": {"output": t}})


def correlation(x, gamma=0.4, order=2):
    c = F.normalize(x) @ F.normalize(x).T
    return math.exp(-2 * gamma) * sum((2 * gamma * c) ** p / math.factorial(p) for p in range(order + 1))


def neighbours(x, own):
    k = (F.normalize(x) @ F.normalize(x).T + 1) / 2
    k = k if own else k * (1 - torch.eye(len(x)))
    return k / k.sum(1, keepdim=True)


def transfer(s, t, own=False, epsilon=1e-7):
    p, q = neighbours(t, own), neighbours(s, own)
    return (p * torch.log((p + epsilon) / (q + epsilon))).sum(1).mean()


def torchdistill_pkt(s, t):
    # It normalises by length + 1e-7, which is below the tolerance, and takes the mean over all pairs.
    loss = PKTLoss("s", "o", "t", "o")
    return len(s) * loss.cosine_similarity_loss(s.clone(), t.clone())


def alignment(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return 1 - (y.T @ x).norm() ** 2 / ((x.T @ x).norm() * (y.T @ y).norm())


family("similarity-preserving", similarity_preserving)
family("relational-distance", torchdistill_rkd(1, 0))
family("relational-angle", torchdistill_rkd(0, 1))
family(
    "correlation-congruence",
    lambda s, t: F.mse_loss(correlation(s), correlation(t)),
    case(
        "degree 5, gamma 1",
        vectors(lambda s, t: F.mse_loss(correlation(s, 1, 5), correlation(t, 1, 5))),
        **embeddings,
        options={"order": 5, "gamma": 1},
    ),
    case(
        "bilinear",
        vectors(lambda s, t: F.mse_loss(F.normalize(s) @ F.normalize(s).T, F.normalize(t) @ F.normalize(t).T)),
        **embeddings,
        options={"kernel": "bilinear"},
    ),
)
family(
    "probabilistic-transfer",
    transfer,
    case("torchdistill", vectors(torchdistill_pkt), **embeddings, options={"self": True}),
)
family("kernel-alignment", alignment)
family(
    "similarity-matrix",
    lambda s, t: F.mse_loss(F.normalize(s) @ F.normalize(s).T, F.normalize(t) @ F.normalize(t).T),
    case(
        "inner products",
        vectors(lambda s, t: F.mse_loss(s @ s.T, t @ t.T)),
        **embeddings,
        options={"similarity": "dot"},
    ),
)


def distribution(s, t, temperature=0.2, theirs=0.01, ready=F.normalize):
    others = ~torch.eye(len(s), dtype=torch.bool)
    rows = lambda x, by: F.log_softmax((ready(x) @ ready(x).T / by)[others].reshape(len(x), -1), 1)
    return F.kl_div(rows(s, temperature), rows(t, theirs), reduction="batchmean", log_target=True)


family(
    "similarity-distribution",
    distribution,
    case(
        "inner products",
        vectors(lambda s, t: distribution(s, t, 2, 3, lambda x: x)),
        **embeddings,
        options={"similarity": "dot", "temperature": 2, "teacherTemperature": 3},
    ),
)
