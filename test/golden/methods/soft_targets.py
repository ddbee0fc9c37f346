# Soft targets at a constant temperature (divergences.py writes them with those at others), and logit matching. Run by hand:
# python test/golden/methods/soft_targets.py
import torch
import torch.nn.functional as F

from golden import case, draw, write

z, v = draw(1, 5, 4, scale=2), draw(2, 5, 4, scale=2)
frames, theirs = draw(3, 2, 3, 4, scale=2), draw(4, 2, 3, 4, scale=2)
mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


def kl(student, teacher, temperature, classes=None):
    pick = lambda x: x if classes is None else x[..., classes]
    q, p = (F.log_softmax(pick(x) / temperature, -1) for x in (student, teacher))
    return temperature**2 * F.kl_div(q, p, reduction="none", log_target=True).sum(-1)


def soft(temperature, classes=None):
    return lambda s, t, b, w: kl(s["logits"], v, temperature, classes).mean()


both = {"student": {"logits": z}, "teacher": {"logits": v}}
long = {"student": {"logits": frames}, "teacher": {"logits": theirs}, "batch": {"m": mask}}
soft_cases = [
    case("T = 1", soft(1), **both, options={"temperature": 1}),
    case("T = 4", soft(4), **both),
    case("T = 20", soft(20), **both, options={"temperature": 20}, relative=1e-4),
    case("some classes", soft(4, [2, 0]), **both, options={"classes": [2, 0]}),
    case(
        "masked frames",
        lambda s, t, b, w: (kl(s["logits"], theirs, 4) * mask).sum() / mask.sum(),
        **long,
        options={"mask": "m"},
    ),
]

centre = lambda x: x - x.mean(-1, keepdim=True)
write(
    "logit-matching",
    [
        case("centred", lambda s, t, b, w: 0.5 * F.mse_loss(centre(s["logits"]), centre(v)), **both),
        case(
            "as they are",
            lambda s, t, b, w: 0.5 * F.mse_loss(s["logits"], v),
            **both,
            options={"center": False},
        ),
        case(
            "absolute, as they are",
            lambda s, t, b, w: F.l1_loss(s["logits"], v),
            **both,
            options={"center": False, "distance": "absolute"},
        ),
        case(
            "absolute, centred",
            lambda s, t, b, w: F.l1_loss(centre(s["logits"]), centre(v)),
            **both,
            options={"distance": "absolute"},
        ),
        case(
            "masked frames",
            lambda s, t, b, w: (0.5 * ((centre(s["logits"]) - centre(theirs)) ** 2).mean(-1) * mask).sum() / mask.sum(),
            **long,
            options={"mask": "m"},
        ),
    ],
)
