# Hints through every kind of regressor. Run by hand: python test/golden/methods/hints.py
import torch
import torch.nn.functional as F

from golden import case, draw, write

mine, theirs = draw(1, 3, 4, 4, 2), draw(2, 3, 4, 4, 3)
same, small = draw(3, 3, 4, 4, 3), draw(4, 3, 2, 2, 3)
kernel, bias = draw(5, 2, 3), draw(6, 3)
second, offset = draw(7, 3, 3), draw(8, 3)
scale, shift = draw(9, 3), draw(10, 3)
maps = {"student": {"map": mine}, "teacher": {"map": theirs}}
pair = {"student": "map", "teacher": "map"}
nchw, nhwc = lambda x: x.permute(0, 3, 1, 2), lambda x: x.permute(0, 2, 3, 1)
# Running statistics: PyTorch keeps the unbiased variance, the students here the biased one.
norm = lambda x, w: F.batch_norm(x, None, None, w["0.connector.norm.scale"], w["0.connector.norm.offset"], training=True)
conv = lambda x, kernel, bias=None: F.conv2d(x, kernel.T[:, :, None, None], bias)


def linear(s, t, b, w):
    return F.mse_loss(conv(nchw(s["map"]), w["0.connector.kernel"], w["0.connector.bias"]), nchw(t["map"]))


def normed(relu):
    def loss(s, t, b, w):
        x = norm(conv(nchw(s["map"]), w["0.connector.kernel"]), w)
        return F.mse_loss(F.relu(x) if relu else x, nchw(t["map"]))

    return loss


def two(s, t, b, w):
    hidden = F.relu(norm(conv(nchw(s["map"]), w["0.connector.first.kernel"]), w))
    out = conv(hidden, w["0.connector.second.kernel"], w["0.connector.second.bias"])
    return F.mse_loss(out, nchw(t["map"]))


def moved(s, t, b, w, kernel="0.connector.kernel"):
    x = conv(nchw(s["map"]), w[kernel])
    return {
        "0.connector.norm.mean": 0.1 * x.mean((0, 2, 3)),
        "0.connector.norm.variance": 0.9 + 0.1 * x.var((0, 2, 3), unbiased=False),
    }


def resized(size, **how):
    return lambda s, t, b, w: F.mse_loss(F.interpolate(nchw(s["map"]), size, **how), nchw(t["map"]))


statistics = {"0.connector.norm.scale": scale, "0.connector.norm.offset": shift}
plain = {"0.connector.kernel": kernel, "0.connector.bias": bias}
wide, uneven = draw(11, 2, 5, 7, 3), draw(12, 2, 3, 4, 3)
states, deep = draw(13, 3, 5, 4), draw(14, 3, 5, 6)
mask = torch.tensor([[1.0, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]])


def masked(s, t, b, w):
    each = (s["h"] @ w["0.connector.kernel"] + w["0.connector.bias"] - t["h"]) ** 2
    return (each.mean(-1) * mask).sum() / mask.sum()


cases = [
    case("same shape", lambda s, t, b, w: F.mse_loss(s["map"], t["map"]), student={"map": same}, teacher={"map": theirs}, options=pair),
    case("1x1 convolution", linear, **maps, variables=plain, options=pair),
    case(
        "vectors",
        lambda s, t, b, w: F.mse_loss(F.linear(s["x"], w["0.connector.kernel"].T, w["0.connector.bias"]), t["x"]),
        student={"x": draw(15, 4, 2)},
        teacher={"x": draw(16, 4, 3)},
        variables=plain,
        options={"student": "x", "teacher": "x"},
    ),
    case(
        "batch norm",
        normed(False),
        **maps,
        variables={"0.connector.kernel": kernel, **statistics},
        options={**pair, "connector": "linear-norm"},
        after=moved,
    ),
    case(
        "batch norm and ReLU",
        normed(True),
        **maps,
        variables={"0.connector.kernel": kernel, **statistics},
        options={**pair, "connector": "linear-norm-relu"},
    ),
    case(
        "two layers",
        two,
        **maps,
        variables={
            "0.connector.first.kernel": kernel,
            "0.connector.second.kernel": second,
            "0.connector.second.bias": offset,
            **statistics,
        },
        options={**pair, "connector": "two-layer"},
        after=lambda s, t, b, w: moved(s, t, b, w, "0.connector.first.kernel"),
    ),
    case(
        "asked for though the sizes agree",
        linear,
        student={"map": same},
        teacher={"map": theirs},
        variables={"0.connector.kernel": second, "0.connector.bias": bias},
        options={**pair, "connector": "linear"},
    ),
    case(
        "the student is larger",
        lambda s, t, b, w: F.mse_loss(F.adaptive_avg_pool2d(nchw(s["map"]), 2), nchw(t["map"])),
        student={"map": same},
        teacher={"map": small},
        options=pair,
    ),
    case(
        "the teacher is larger",
        lambda s, t, b, w: F.mse_loss(nchw(s["map"]), F.adaptive_avg_pool2d(nchw(t["map"]), 2)),
        student={"map": small},
        teacher={"map": theirs},
        options=pair,
    ),
    case(
        "uneven sizes, average",
        lambda s, t, b, w: F.mse_loss(F.adaptive_avg_pool2d(nchw(s["map"]), (3, 4)), nchw(t["map"])),
        student={"map": wide},
        teacher={"map": uneven},
        options=pair,
    ),
]
for how, extra in (("bilinear", {"align_corners": False}), ("nearest", {})):
    for name, x, y in (("down", wide, uneven), ("up", uneven, wide)):
        cases.append(
            case(
                f"uneven sizes, {how} {name}",
                resized(y.shape[1:3], mode=how, **extra),
                student={"map": x},
                teacher={"map": y},
                options={**pair, "resize": "student", "interpolation": how},
            )
        )
cases += [
    case(
        "hidden states with a mask",
        masked,
        student={"h": states},
        teacher={"h": deep},
        batch={"m": mask},
        variables={"0.connector.kernel": draw(17, 4, 6), "0.connector.bias": draw(18, 6)},
        options={"student": "h", "teacher": "h", "mask": "m"},
    ),
    case(
        "two pairs",
        lambda s, t, b, w: F.mse_loss(s["a"], t["c"]) + F.mse_loss(s["b"], t["d"]),
        student={"a": same, "b": small},
        teacher={"c": theirs, "d": draw(19, 3, 2, 2, 3)},
        options={"layers": "{c,d} -> {a,b}"},
    ),
]
write("hint", cases)
