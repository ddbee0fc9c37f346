# Hidden states of transformers, and scores of texts. Run by hand: python test/golden/methods/states.py
import math

import torch
import torch.nn.functional as F

from golden import case, draw, write

z, v = draw(1, 3, 4, 6), draw(2, 3, 4, 6)
wide = draw(3, 3, 4, 8)
mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
names = {"student": "a", "teacher": "a"}
masked = {"batch": {"m": mask}, "options": {**names, "mask": "m"}}
same = {"student": {"a": z}, "teacher": {"a": v}}
wider = {"student": {"a": z}, "teacher": {"a": wide}}
plain = lambda loss: lambda s, t, b, w: loss(s["a"], t["a"])
linear = {"0.connector.kernel": draw(4, 6, 8), "0.connector.bias": draw(5, 8)}
mapped = lambda s, w: s["a"] @ w["0.connector.kernel"] + w["0.connector.bias"]


def cosine(s, t):
    """TextBrewer's cos_loss."""
    s, t = s.reshape(-1, s.shape[-1]), t.reshape(-1, t.shape[-1])
    return F.cosine_embedding_loss(s, t, torch.ones(len(s)))


kept = mask.bool()
write(
    "hidden-cosine",
    [
        case("positions", plain(cosine), **same, options=names),
        case("masked", plain(lambda s, t: cosine(s[kept], t[kept])), **same, **masked),
        case("through a linear map", lambda s, t, b, w: cosine(mapped(s, w), t["a"]), **wider, variables=linear, options=names),
        case("vectors", plain(cosine), student={"a": z[:, 0]}, teacher={"a": v[:, 0]}, options=names),
    ],
)


def patient(s, t):
    """TextBrewer's pkd_loss."""
    s, t = (each[:, 0] / each[:, 0].norm(dim=1, keepdim=True) for each in (s, t))
    return ((s - t) ** 2).sum(-1).mean()


write(
    "patient-states",
    [
        case("first token", plain(patient), **same, options=names),
        case(
            "two layers",
            lambda s, t, b, w: patient(s["a"], t["c"]) + patient(s["b"], t["a"]),
            student={"a": z, "b": v},
            teacher={"a": draw(6, 3, 4, 6), "c": draw(7, 3, 4, 6)},
            options={"layers": "{c,a} -> {a,b}"},
        ),
        case("through a linear map", lambda s, t, b, w: patient(mapped(s, w), t["a"]), **wider, variables=linear, options=names),
    ],
)


def products(s, t, where=torch.ones(3, 4)):
    """TextBrewer's mmd_loss."""
    pairs = where[:, None] * where[:, :, None]
    s, t = (x @ x.transpose(1, 2) / x.shape[2] for x in (s, t))
    return ((s - t) ** 2 * pairs).sum() / pairs.sum()


write(
    "position-similarity",
    [
        case("other width", plain(products), **wider, options=names),
        case("masked", plain(lambda s, t: products(s, t, mask)), **wider, **masked),
    ],
)


def relation(s, t, heads, where=torch.ones(3, 4)):
    keys = where[:, None, None, :]

    def rows(x):
        x = x.reshape(3, 4, heads, -1).transpose(1, 2)
        scores = x @ x.transpose(2, 3) / math.sqrt(x.shape[-1])
        return F.log_softmax(scores.masked_fill(keys == 0, -torch.inf), -1)

    q, p = rows(s), rows(t)
    parts = torch.where(keys > 0, p.exp() * (p - q), 0.0)
    return (parts.sum(-1) * where[:, None]).sum() / (where.sum() * heads)


write(
    "self-attention-relation",
    [
        case("two heads", plain(lambda s, t: relation(s, t, 2)), **wider, options={**names, "heads": 2}),
        case("one head", plain(lambda s, t: relation(s, t, 1)), **wider, options={**names, "heads": 1}),
        case(
            "masked",
            plain(lambda s, t: relation(s, t, 2, mask)),
            **wider,
            batch={"m": mask},
            options={**names, "heads": 2, "mask": "m"},
        ),
    ],
)

scores, theirs = draw(8, 4, 3, scale=3), draw(9, 4, 3, scale=3)


def margin(s, t):
    return F.mse_loss(s[:, :1] - s[:, 1:], t[:, :1] - t[:, 1:])


write(
    "margin-matching",
    [
        case(
            "two negatives",
            lambda s, t, b, w: margin(s["logits"], t["logits"]),
            student={"logits": scores},
            teacher={"logits": theirs},
        ),
        case(
            "one negative",
            lambda s, t, b, w: margin(s["logits"], t["logits"]),
            student={"logits": scores[:, :2]},
            teacher={"logits": theirs[:, :2]},
        ),
    ],
)
