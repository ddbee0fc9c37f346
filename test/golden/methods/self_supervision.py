# Distillation with self-supervision beside torchdistill's SSKDLoss and AuxSSKDLoss. Run by hand: python test/golden/methods/self_supervision.py
#
# torchdistill has the four views of an image next to each other; here all images of one angle come after another.
import torch
from torchdistill.losses.mid_level import AuxSSKDLoss, SSKDLoss

from golden import case, draw, labels, write

n, classes, mine, theirs = 4, 3, 3, 4
images, truth = draw(1, n, 2, 2, 1), labels(2, classes, n)
student = {"logits": draw(3, 4 * n, classes, scale=2), "features": draw(4, 4 * n, mine)}
teacher = {"logits": draw(5, 4 * n, classes, scale=2), "features": draw(6, 4 * n, theirs)}
# Of images as they are and of the turned ones, in the order of torchdistill.
views = torch.tensor([angle * n + i for i in range(n) for angle in range(4)])


def variables():
    made = {}
    for k, (whose, width) in enumerate((("student", mine), ("teacher", theirs))):
        for l, layer in enumerate(("first", "second")):
            made[f"{whose}.{layer}.kernel"] = draw(20 + 4 * k + 2 * l, width, width)
            made[f"{whose}.{layer}.bias"] = draw(21 + 4 * k + 2 * l, width)
    return made


def head(whose, features, w):
    hidden = torch.relu(features @ w[f"{whose}.first.kernel"] + w[f"{whose}.first.bias"])
    return hidden @ w[f"{whose}.second.kernel"] + w[f"{whose}.second.bias"]


def outputs(whose, given, w):
    return {
        "fc": {"output": given["logits"][views]},
        "ss": {"output": head(whose, given["features"], w)[views]},
    }


def loss(weights=(0.9, 10, 2.7), kl=4.0, ss=0.5, tf=4.0, ss_ratio=0.75, tf_ratio=1.0):
    reference = SSKDLoss("fc", "fc", "ss", "ss", kl, ss, tf, ss_ratio, tf_ratio, loss_weights=[0, *weights])
    return lambda s, t, b, w: reference(outputs("student", s, w), outputs("teacher", t, w), b["label"])


def decided(scores, target, ratio):
    """Whether the answers that are kept do not depend on the order of equally wrong ones, which torchdistill leaves open."""
    ranks = (scores > scores.gather(1, target[:, None])).sum(1).sort().values
    wrong = int((ranks > 0).sum())
    keep = len(ranks) - wrong + int(wrong * ratio)
    assert 0 < int(wrong * ratio) < wrong, "the ratio keeps all or none"
    return ranks[keep - 1] < ranks[keep]


def cosines(rows):
    unit = torch.nn.functional.normalize(rows)
    return unit[n:] @ unit[:n].T


w = variables()
given = {"student": student, "teacher": teacher, "batch": {"x": images, "label": truth}, "variables": w}
similar = cosines(head("teacher", teacher["features"], w))
aim = torch.arange(n).repeat(3)
ratios = [k / 8 for k in range(1, 8)]
ss_ratio = next(r for r in ratios if decided(similar, aim, r))
tf_ratio = next(r for r in ratios if decided(teacher["logits"][n:], truth.repeat(3), r))
half = {"similarityRatio": ss_ratio}
after = {"progress": {"fraction": 0.5}}

write(
    "self-supervision",
    [
        case("while the teacher's head learns", loss(weights=(0.9, 0, 2.7)), **given),
        case("as published, all similarities", loss(ss_ratio=1.0), **given, **after, options={"similarityRatio": 1}),
        case("some similarities", loss(ss_ratio=ss_ratio), **given, **after, options=half),
        case(
            "some answers",
            loss(ss_ratio=ss_ratio, tf_ratio=tf_ratio),
            **given,
            **after,
            options={**half, "transformedRatio": tf_ratio},
        ),
        case(
            "other temperatures and weights",
            loss((1, 1, 1), 2, 0.25, 3, ss_ratio),
            **given,
            **after,
            options={
                **half,
                "normalWeight": 1,
                "similarityWeight": 1,
                "transformedWeight": 1,
                "normalTemperature": 2,
                "similarityTemperature": 0.25,
                "transformedTemperature": 3,
            },
        ),
    ],
)
write(
    "contrastive-task",
    [
        case(
            "a head's outputs",
            lambda s, t, b, w: AuxSSKDLoss()({}, {"ss_module": {"output": s["rows"][views]}}),
            student={"rows": teacher["features"]},
        )
    ],
)
