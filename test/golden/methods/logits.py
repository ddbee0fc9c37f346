# Losses that look into the logits of teacher and student. Run by hand, with torchdistill 1.1.5 installed:
# python test/golden/methods/logits.py
#
# DIST, DIST+ but for its channel term, and the direction of SKD are torchdistill's own; DKD, WSLD, the ranking losses and TRL's
# ULD are written after mdistiller, MMRazor, DistillKit and TRL, which do not install beside it.
import torch
import torch.nn.functional as F
from torchdistill.losses.mid_level import DISTLoss, DISTPlusLoss, SKDDirectionLoss

from golden import case, draw, labels, write

z, v, y = draw(1, 5, 4, scale=2), draw(2, 5, 4, scale=2), labels(3, 4, 5)
frames, theirs = draw(3, 2, 3, 4, scale=2), draw(4, 2, 3, 4, scale=2)
mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
unknown = torch.tensor([[2, -1, 0], [3, 1, -1]])
both = {"student": {"logits": z}, "teacher": {"logits": v}}
labelled = {**both, "batch": {"label": y}}
long = {"student": {"logits": frames}, "teacher": {"logits": theirs}, "batch": {"m": mask}}
partly = {"student": {"logits": frames}, "teacher": {"logits": theirs}, "batch": {"label": unknown}}
masked = {"mask": "m"}
known = (unknown >= 0).double()


def weighted(rows, weights):
    return (rows * weights).sum() / weights.sum()


def kl(p, q):
    """Of logits, one number a row."""
    p, q = F.log_softmax(p, -1), F.log_softmax(q, -1)
    return (p.exp() * (p - q)).sum(-1)


# Decoupled knowledge distillation, after mdistiller's dkd_loss.
def dkd(student, teacher, label, alpha=1, beta=8, T=4):
    target = F.one_hot(label.clamp(min=0), student.shape[-1]).bool()
    p, q = F.softmax(teacher / T, -1), F.softmax(student / T, -1)
    pair = lambda x: torch.stack([(x * target).sum(-1), (x * ~target).sum(-1)], -1)
    tckd = (pair(p) * (pair(p) / pair(q)).log()).sum(-1)
    nckd = kl(teacher / T - 1000 * target, student / T - 1000 * target)
    return T**2 * (alpha * tckd + beta * nckd)


write(
    "decoupled-knowledge-distillation",
    [
        case(
            "no warm-up",
            lambda s, t, b, w: dkd(s["logits"], v, y).mean(),
            **labelled,
            options={"warmup": 0},
        ),
        case(
            "in the warm-up",
            lambda s, t, b, w: 0.25 * dkd(s["logits"], v, y).mean(),
            **labelled,
            progress={"epoch": 5},
        ),
        case(
            "other weights",
            lambda s, t, b, w: dkd(s["logits"], v, y, 0.5, 2, 1).mean(),
            **labelled,
            options={"alpha": 0.5, "beta": 2, "temperature": 1},
            progress={"epoch": 30},
        ),
        case(
            "frames without label",
            lambda s, t, b, w: weighted(dkd(s["logits"], theirs, unknown), known),
            **partly,
            options={"warmup": 0},
        ),
    ],
)


# DIST.
def io(logits, features=None):
    features = None if features is None else features.permute(0, 3, 1, 2)
    return {"logits": {"output": logits}, "features": {"output": features}}


place = ("logits", "output", "logits", "output")


def dist(s, t, **options):
    return DISTLoss(*place, **options)(io(s), io(t))


def rows_that_count(x):
    return x.reshape(-1, x.shape[-1])[mask.flatten() > 0]


write(
    "dist",
    [
        case("plain", lambda s, t, b, w: dist(s["logits"], v), **both),
        case(
            "other weights",
            lambda s, t, b, w: dist(s["logits"], v, beta=2.0, gamma=0.5, tau=4.0),
            **both,
            options={"inter": 2, "intra": 0.5, "temperature": 4},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: dist(rows_that_count(s["logits"]), rows_that_count(theirs)),
            **long,
            options=masked,
        ),
    ],
)

f, g = draw(5, 5, 2, 3, 4), draw(6, 5, 2, 3, 4)


def dist_plus(s, inter=1.0, intra=1.0, channel=1.0, spatial=1.0):
    place = ("logits", "output", "logits", "output", "features", "output", "features", "output")
    loss = DISTPlusLoss(*place, beta=inter, gamma=intra, iota=0.0, kappa=spatial)
    own, other = (x.permute(0, 3, 1, 2) for x in (s["f"], g))
    # torchdistill adds the correlation itself; the distance of DIST is one minus it.
    return loss(io(s["logits"], s["f"]), io(v, g)) + channel * (1 - loss.channel_relation(own, other))


mapped = {"student": {"logits": z, "f": f}, "teacher": {"logits": v, "f": g}}
places = {"studentFeatures": "f", "teacherFeatures": "f"}
write(
    "dist-plus",
    [
        case("plain", lambda s, t, b, w: dist_plus(s), **mapped, options=places),
        case(
            "other weights",
            lambda s, t, b, w: dist_plus(s, 2, 0.5, 3, 0.25),
            **mapped,
            options={**places, "inter": 2, "intra": 0.5, "channel": 3, "spatial": 0.25},
        ),
    ],
)


# Logit standardisation: as the paper's algorithm, with the population's standard deviation.
def standard(x):
    return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True, unbiased=False)


def standardized(s, t, T=2):
    return T**2 * kl(standard(t) / T, standard(s) / T)


write(
    "logit-standardization",
    [
        case("plain", lambda s, t, b, w: standardized(s["logits"], v).mean(), **both),
        case(
            "T = 1",
            lambda s, t, b, w: standardized(s["logits"], v, 1).mean(),
            **both,
            options={"temperature": 1},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: weighted(standardized(s["logits"], theirs), mask),
            **long,
            options=masked,
        ),
    ],
)


# Weighted soft labels, after MMRazor's WSLD; KL in place of the cross-entropy.
def wsld(s, t, label, T=2):
    label = label.clamp(min=0).unsqueeze(-1)
    own, other = (-F.log_softmax(x, -1).gather(-1, label).squeeze(-1) for x in (s.detach(), t))
    return T**2 * (1 - torch.exp(-own / (other + 1e-7))) * kl(t / T, s / T)


write(
    "weighted-soft-labels",
    [
        case("plain", lambda s, t, b, w: wsld(s["logits"], v, y).mean(), **labelled),
        case(
            "T = 1",
            lambda s, t, b, w: wsld(s["logits"], v, y, 1).mean(),
            **labelled,
            options={"temperature": 1},
        ),
        case(
            "frames without label",
            lambda s, t, b, w: weighted(wsld(s["logits"], theirs, unknown), known),
            **partly,
        ),
    ],
)


# Knowledge adjustment, after TextBrewer's probability_shift_ and KD_Lib's LabelSmoothReg.
def shifted(t, label):
    t, rows = t.clone(), torch.arange(len(t))
    most = t.argmax(-1)
    first, truth = t[rows, most].clone(), t[rows, label].clone()
    t[rows, most] = truth
    t[rows, label] = first
    return t


def smoothed(t, label, correct):
    n = t.shape[-1]
    smooth = torch.full_like(t, (1 - correct) / (n - 1)).scatter(1, label.unsqueeze(1), correct)
    return torch.where((t.argmax(-1) == label).unsqueeze(1), F.softmax(t, -1), smooth).log()


write(
    "knowledge-adjustment",
    [
        case("shift", lambda s, t, b, w: 16 * kl(shifted(v, y) / 4, s["logits"] / 4).mean(), **labelled),
        case(
            "smooth",
            lambda s, t, b, w: 4 * kl(smoothed(v / 2, y, 0.8), s["logits"] / 2).mean(),
            **labelled,
            options={"by": "smooth", "correct": 0.8, "temperature": 2},
        ),
        case(
            "frames without label",
            lambda s, t, b, w: 16
            * kl(shifted(theirs[unknown >= 0], unknown[unknown >= 0]) / 4, s["logits"][unknown >= 0] / 4).mean(),
            **partly,
        ),
    ],
)

# Balanced knowledge distillation, after the authors' BKDLoss.
counts = torch.tensor([900.0, 90, 9, 30])


def effective(beta):
    weights = (1 - beta) / (1 - beta**counts)
    return weights / weights.sum() * len(counts)


def balanced(s, t, beta=0.9999, T=2):
    p = F.softmax(t / T, -1) * effective(beta)
    return T**2 * kl((p / p.sum(-1, keepdim=True)).log(), s / T)


write(
    "balanced-knowledge-distillation",
    [
        case(
            "plain",
            lambda s, t, b, w: balanced(s["logits"], v).mean(),
            **both,
            options={"counts": counts.tolist()},
        ),
        case(
            "beta = 0.9",
            lambda s, t, b, w: balanced(s["logits"], v, 0.9, 1).mean(),
            **both,
            options={"counts": counts.tolist(), "beta": 0.9, "temperature": 1},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: weighted(balanced(s["logits"], theirs), mask),
            **long,
            options={"counts": counts.tolist(), **masked},
        ),
    ],
)


# Truncated soft targets, after DistillKit's sparse_kl_div.
def truncated(s, t, keep, rest, T=1):
    p, q = F.softmax(t / T, -1), F.softmax(s / T, -1)
    order = p.sort(-1, descending=True)
    kept, ids = order.values[..., :keep], order.indices[..., :keep]
    mine = q.gather(-1, ids)
    if not rest:
        kept = kept / kept.sum(-1, keepdim=True)
        return T**2 * (kept * (kept / mine).log()).sum(-1)
    p_rest, q_rest = 1 - kept.sum(-1), 1 - mine.sum(-1)
    return T**2 * ((kept * (kept / mine).log()).sum(-1) + p_rest * (p_rest / q_rest).log())


def by_mass(s, t, mass):
    p = F.softmax(t, -1).sort(-1, descending=True).values
    keep = ((p.cumsum(-1) - p) < mass).sum(-1)
    return torch.stack([truncated(a, b, k, True) for a, b, k in zip(s, t, keep.tolist())])


write(
    "truncated-soft-targets",
    [
        case("top 2", lambda s, t, b, w: truncated(s["logits"], v, 2, True).mean(), **both, options={"top": 2}),
        case(
            "top 2 alone, T = 3",
            lambda s, t, b, w: truncated(s["logits"], v, 2, False, 3).mean(),
            **both,
            options={"top": 2, "rest": "none", "temperature": 3},
        ),
        case(
            "more than there are",
            lambda s, t, b, w: kl(v, s["logits"]).mean(),
            **both,
            options={"top": 9},
        ),
        case(
            "mass 0.6",
            lambda s, t, b, w: by_mass(s["logits"], v, 0.6).mean(),
            **both,
            options={"mass": 0.6},
        ),
        case(
            "mass 0.9, at most 1",
            lambda s, t, b, w: truncated(s["logits"], v, 1, True).mean(),
            **both,
            options={"mass": 0.9, "top": 1},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: weighted(truncated(s["logits"], theirs, 2, True), mask),
            **long,
            options={"top": 2, **masked},
        ),
    ],
)


# Universal logit distillation, after TRL's ULDLoss: each its own number of classes.
def uld(s, t, T=1):
    own, other = (F.softmax(x / T, -1).sort(-1, descending=True).values for x in (s, t))
    n = max(own.shape[-1], other.shape[-1])
    pad = lambda x: F.pad(x, (0, n - x.shape[-1]))
    return T**2 * (pad(own) - pad(other)).abs().sum(-1)


wide, wide_frames = draw(7, 5, 6, scale=2), draw(8, 2, 3, 3, scale=2)
write(
    "universal-logit-distillation",
    [
        case("as many classes", lambda s, t, b, w: uld(s["logits"], v).mean(), **both),
        case(
            "the teacher has more",
            lambda s, t, b, w: uld(s["logits"], wide).mean(),
            student={"logits": z},
            teacher={"logits": wide},
        ),
        case(
            "the teacher has fewer, T = 2, masked frames",
            lambda s, t, b, w: weighted(uld(s["logits"], wide_frames, 2), mask),
            student={"logits": frames},
            teacher={"logits": wide_frames},
            batch={"m": mask},
            options={"temperature": 2, **masked},
        ),
    ],
)


# Ranking losses, after DistillKit's hingeloss.py and logistic_ranking.py, on the teacher's likeliest classes.
def pairs(s, t, each, top, weights):
    p = F.softmax(t, -1)
    values, ids = p.topk(min(top, p.shape[-1]), -1)
    own = s.gather(-1, ids)
    difference = lambda x: x.unsqueeze(-1) - x.unsqueeze(-2)
    preferred = (difference(values) > 1e-8).double() * weights[..., None, None]
    return (each(difference(own), difference(values)) * preferred).sum() / preferred.sum()


hinge = lambda margin=None: lambda own, other: F.relu((other if margin is None else margin) - own)
logistic = lambda own, other: F.softplus(-own)
alike, probabilities = torch.ones(5), lambda s: F.softmax(s["logits"], -1)
write(
    "hinge-ranking",
    [
        case("plain", lambda s, t, b, w: pairs(probabilities(s), v, hinge(), 32, alike), **both),
        case(
            "margin, top 3",
            lambda s, t, b, w: pairs(probabilities(s), v, hinge(0.2), 3, alike),
            **both,
            options={"margin": 0.2, "top": 3},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: pairs(probabilities(s), theirs, hinge(), 32, mask),
            **long,
            options=masked,
        ),
    ],
)
write(
    "logistic-ranking",
    [
        case("plain", lambda s, t, b, w: pairs(s["logits"], v, logistic, 32, alike), **both),
        case(
            "top 2",
            lambda s, t, b, w: pairs(s["logits"], v, logistic, 2, alike),
            **both,
            options={"top": 2},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: pairs(s["logits"], theirs, logistic, 32, mask),
            **long,
            options=masked,
        ),
    ],
)


# Direction of streamlined KD.
many = draw(9, 24, 3, scale=2), draw(10, 24, 3, scale=2)


def direction(s, t, tikhonov=0.1):
    return SKDDirectionLoss(*place, tikhonov=tikhonov, mode="paper")(io(s), io(t))


write(
    "streamlined-direction",
    [
        case("plain", lambda s, t, b, w: direction(s["logits"], v), **both),
        case(
            "tikhonov = 0.01",
            lambda s, t, b, w: direction(s["logits"], v, 0.01),
            **both,
            options={"tikhonov": 0.01},
        ),
        case(
            "more examples than classes",
            lambda s, t, b, w: direction(s["logits"], many[1]),
            student={"logits": many[0]},
            teacher={"logits": many[1]},
            # The covariance of 24 examples is of low rank: its inverse loses digits in single precision.
            relative=1e-4,
        ),
        case(
            "masked frames",
            lambda s, t, b, w: direction(rows_that_count(s["logits"]), rows_that_count(theirs)),
            **long,
            options=masked,
        ),
    ],
)


# Rows weighted by the teacher.
def sure(p):
    return p.max(-1).values


def margin(p):
    return p.topk(2, -1).values.diff(dim=-1).neg().squeeze(-1)


def certain(p):
    return 1 + (p * p.log()).sum(-1) / torch.tensor(float(p.shape[-1])).log()


def confident(s, t, of, T=4):
    return T**2 * of(F.softmax(t, -1)) * kl(t / T, s / T)


write(
    "confidence-weighted-soft-targets",
    [
        case("largest", lambda s, t, b, w: confident(s["logits"], v, sure).mean(), **both),
        case(
            "margin, T = 1",
            lambda s, t, b, w: confident(s["logits"], v, margin, 1).mean(),
            **both,
            options={"confidence": "margin", "temperature": 1},
        ),
        case(
            "entropy, masked frames",
            lambda s, t, b, w: weighted(confident(s["logits"], theirs, certain), mask),
            **long,
            options={"confidence": "entropy", **masked},
        ),
    ],
)


def agreeing(s, t, label, by="right", otherwise=False, T=4):
    label = label.clamp(min=0).unsqueeze(-1)
    right = (t.argmax(-1, keepdim=True) == label).double()
    weight = (right if by == "right" else F.softmax(t, -1).gather(-1, label)).squeeze(-1)
    hard = -F.log_softmax(s, -1).gather(-1, label).squeeze(-1)
    return weight * T**2 * kl(t / T, s / T) + (1 - weight) * hard * otherwise


write(
    "agreement-weighted-soft-targets",
    [
        case("right", lambda s, t, b, w: agreeing(s["logits"], v, y).mean(), **labelled),
        case(
            "right, else the label",
            lambda s, t, b, w: agreeing(s["logits"], v, y, otherwise=True, T=1).mean(),
            **labelled,
            options={"otherwise": "label", "temperature": 1},
        ),
        case(
            "probability, frames without label",
            lambda s, t, b, w: weighted(agreeing(s["logits"], theirs, unknown, "probability", True), known),
            **partly,
            options={"by": "probability", "otherwise": "label"},
        ),
    ],
)


# Hard distillation, after MMRazor's CrossEntropyLoss.
write(
    "hard-distillation",
    [
        case("plain", lambda s, t, b, w: F.cross_entropy(s["logits"], v.argmax(-1)), **both),
        case(
            "masked frames",
            lambda s, t, b, w: F.cross_entropy(rows_that_count(s["logits"]), rows_that_count(theirs).argmax(-1)),
            **long,
            options=masked,
        ),
    ],
)
