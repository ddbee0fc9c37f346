# Attention of transformers. Run by hand: python test/golden/methods/attention.py
import torch
import torch.nn.functional as F

from golden import case, draw, round32, write

scores, theirs = draw(1, 3, 2, 4, 4), draw(2, 3, 2, 4, 4)
more = draw(3, 3, 3, 4, 4)
probabilities, teachers = (round32(F.softmax(each, -1)) for each in (scores, theirs))
mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
names = {"student": "a", "teacher": "a"}


def both(student, teacher):
    return {"student": {"a": student}, "teacher": {"a": teacher}}


def plain(loss):
    return lambda s, t, b, w: loss(s["a"], t["a"])


def squares(s, t):
    """TextBrewer's att_mse_loss with a mask."""
    pairs = mask[:, None, :, None] * mask[:, None, None, :]
    return (((s - t) ** 2) * pairs).sum() / (pairs.sum() * s.shape[1])


def divergence(s, t, of="probabilities", where=torch.ones(3, 4)):
    keys = where[:, None, None, :]
    if of == "scores":
        q, p = (F.log_softmax(each.masked_fill(keys == 0, -torch.inf), -1) for each in (s, t))
        parts = torch.where(keys > 0, p.exp() * (p - q), 0.0)
    else:
        parts = torch.where(keys > 0, t * (t.log() - s.log()), 0.0)
    return (parts.sum(-1) * where[:, None]).sum() / (where.sum() * s.shape[1])


write(
    "attention-matching",
    [
        case("scores", plain(F.mse_loss), **both(scores, theirs), options=names),
        case("masked", plain(squares), **both(scores, theirs), batch={"m": mask}, options={**names, "mask": "m"}),
        case(
            "sum of the heads",
            plain(lambda s, t: F.mse_loss(s.sum(1), t.sum(1))),
            **both(scores, theirs),
            options={**names, "heads": "sum"},
        ),
        case(
            "two of three heads",
            plain(lambda s, t: F.mse_loss(s.mean(1), t.mean(1))),
            **both(scores, more),
            options={**names, "heads": "mean"},
        ),
    ],
)

write(
    "attention-divergence",
    [
        case("probabilities", plain(divergence), **both(probabilities, teachers), options=names),
        case(
            "scores",
            plain(lambda s, t: divergence(s, t, "scores")),
            **both(scores, theirs),
            options={**names, "of": "scores"},
        ),
        case(
            "masked scores",
            plain(lambda s, t: divergence(s, t, "scores", mask)),
            **both(scores, theirs),
            batch={"m": mask},
            options={**names, "of": "scores", "mask": "m"},
        ),
        case(
            "mean of the heads",
            plain(lambda s, t: divergence(s.mean(1, True), t.mean(1, True))),
            **both(probabilities, teachers),
            options={**names, "heads": "mean"},
        ),
    ],
)
