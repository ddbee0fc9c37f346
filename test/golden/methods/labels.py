# Losses against labels and numbers. Run by hand: python test/golden/methods/labels.py
import torch
import torch.nn.functional as F

from golden import case, draw, labels, write

z, v, y = draw(1, 5, 4, scale=2), draw(2, 5, 4, scale=2), labels(3, 4, 5)
unknown = torch.tensor([2, -1, 0, 3, -1])
mask = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.5])


def hard(truth, smoothing=0.0):
    return lambda s, t, b, w: F.cross_entropy(s["logits"], truth, ignore_index=-1, label_smoothing=smoothing)


def weighted(s, t, b, w):
    return (F.cross_entropy(s["logits"], y, reduction="none") * mask).sum() / mask.sum()


write(
    "cross-entropy",
    [
        case("plain", hard(y), student={"logits": z}, batch={"label": y}),
        case("smoothed", hard(y, 0.1), student={"logits": z}, batch={"label": y}, options={"labelSmoothing": 0.1}),
        case("rows without label", hard(unknown), student={"logits": z}, batch={"label": unknown}),
        case("masked", weighted, student={"logits": z}, batch={"label": y, "m": mask}, options={"mask": "m"}),
    ],
)

truth = draw(4, 5, 4)
write(
    "squared-error",
    [
        case(
            "data",
            lambda s, t, b, w: F.mse_loss(s["logits"], truth),
            student={"logits": z},
            batch={"y": truth},
            options={"target": "y"},
        ),
        case(
            "teacher",
            lambda s, t, b, w: F.mse_loss(s["logits"], v),
            student={"logits": z},
            teacher={"logits": v},
            options={"teacher": "logits"},
        ),
    ],
)

several = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1]])
write(
    "binary-cross-entropy",
    [
        case(
            "data",
            lambda s, t, b, w: F.binary_cross_entropy_with_logits(s["logits"], several),
            student={"logits": z},
            batch={"y": several},
            options={"target": "y"},
        ),
        case(
            "teacher",
            lambda s, t, b, w: 4 * F.binary_cross_entropy_with_logits(s["logits"] / 2, torch.sigmoid(v / 2)),
            student={"logits": z},
            teacher={"logits": v},
            options={"teacher": "logits", "temperature": 2},
        ),
    ],
)
