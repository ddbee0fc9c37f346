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
        case(
            "teacher, on a schedule",
            lambda s, t, b, w: 9 * F.binary_cross_entropy_with_logits(s["logits"] / 3, torch.sigmoid(v / 3)),
            student={"logits": z},
            teacher={"logits": v},
            options={"teacher": "logits", "temperature": {"by": "schedule", "from": 4, "to": 2}},
            progress={"fraction": 0.5},
        ),
    ],
)

frames = draw(5, 2, 3, 4, scale=2)
partly = torch.tensor([[2, -1, 0], [3, 1, -1]])
known = (partly >= 0).double()


def picked(logits, truth):
    """Log-probability of the label; any where there is none."""
    return F.log_softmax(logits, -1).gather(-1, truth.clamp(min=0).unsqueeze(-1)).squeeze(-1)


def of_known(rows):
    return (rows * known).sum() / known.sum()


def focal(logits, truth, gamma=2):
    log_p = picked(logits, truth)
    return -((1 - log_p.exp()) ** gamma) * log_p


write(
    "focal-loss",
    [
        case("plain", lambda s, t, b, w: focal(s["logits"], y).mean(), student={"logits": z}, batch={"label": y}),
        case(
            "gamma = 0.5",
            lambda s, t, b, w: focal(s["logits"], y, 0.5).mean(),
            student={"logits": z},
            batch={"label": y},
            options={"gamma": 0.5},
        ),
        case(
            "gamma = 0",
            hard(y),
            student={"logits": z},
            batch={"label": y},
            options={"gamma": 0},
        ),
        case(
            "frames without label",
            lambda s, t, b, w: of_known(focal(s["logits"], partly)),
            student={"logits": frames},
            batch={"label": partly},
        ),
    ],
)

counts = torch.tensor([900.0, 90, 9, 30])


def class_balanced(logits, truth, beta=0.9999):
    weights = (1 - beta) / (1 - beta**counts) if beta > 0 else torch.ones(4)
    weights = weights / weights.sum() * len(counts)
    return -weights[truth.clamp(min=0)] * picked(logits, truth)


write(
    "class-balanced-cross-entropy",
    [
        case(
            "plain",
            lambda s, t, b, w: class_balanced(s["logits"], y).mean(),
            student={"logits": z},
            batch={"label": y},
            options={"counts": counts.tolist()},
        ),
        case(
            "beta = 0",
            lambda s, t, b, w: class_balanced(s["logits"], y, 0).mean(),
            student={"logits": z},
            batch={"label": y},
            options={"counts": counts.tolist(), "beta": 0},
        ),
        case(
            "frames without label",
            lambda s, t, b, w: of_known(class_balanced(s["logits"], partly, 0.99)),
            student={"logits": frames},
            batch={"label": partly},
            options={"counts": counts.tolist(), "beta": 0.99},
        ),
    ],
)


def teacher_free(logits, truth, correct=0.99, T=20):
    """As the authors' loss_kd_regularization, with the sum over the classes in place of the mean."""
    n = logits.shape[-1]
    one_hot = F.one_hot(truth.clamp(min=0), n)
    teacher = torch.where(one_hot == 1, correct, (1 - correct) / (n - 1))
    p = F.log_softmax(teacher / T, -1)
    return (p.exp() * (p - F.log_softmax(logits, -1))).sum(-1)


write(
    "teacher-free-regularization",
    [
        case(
            "plain",
            lambda s, t, b, w: teacher_free(s["logits"], y).mean(),
            student={"logits": z},
            batch={"label": y},
        ),
        case(
            "KD_Lib's numbers",
            lambda s, t, b, w: teacher_free(s["logits"], y, 0.9, 10).mean(),
            student={"logits": z},
            batch={"label": y},
            options={"correct": 0.9, "temperature": 10},
        ),
        case(
            "frames without label",
            lambda s, t, b, w: of_known(teacher_free(s["logits"], partly)),
            student={"logits": frames},
            batch={"label": partly},
        ),
    ],
)
