# Losses on pairs of layers. Run by hand: python test/golden/methods/features.py (PyTorch and torchdistill 1.1.5).
import math

import torch
import torch.nn.functional as F
from torchdistill.losses import mid_level as td

from golden import case, draw, write

nchw = lambda x: x.permute(0, 3, 1, 2)
place = lambda name: {"io": "output", "path": name}
io = lambda **tensors: {name: {"output": each} for name, each in tensors.items()}
a, b = draw(1, 2, 3, 3, 2), draw(2, 2, 3, 3, 2)
wide, small = draw(3, 2, 3, 3, 4), draw(4, 2, 2, 2, 4)
even, half = draw(5, 2, 4, 4, 2), draw(6, 2, 2, 2, 3)
one = {"student": "x", "teacher": "x"}
maps = {"student": {"x": a}, "teacher": {"x": wide}}
both = {"student": {"x": a}, "teacher": {"x": b}}
conv = lambda x, kernel, bias=None: F.conv2d(x, kernel.T[:, :, None, None], bias)
kernel, offset = draw(7, 2, 4), draw(8, 4)
regressor = {"0.connector.kernel": kernel, "0.connector.bias": offset}
adapted = lambda s, w: conv(nchw(s["x"]), w["0.connector.kernel"], w["0.connector.bias"])


def attention(mode):
    loss = td.ATLoss({"pair": {"student": place("s"), "teacher": place("t")}}, mode=mode)
    return lambda s, t, b, w: loss(io(s=nchw(s["x"])), io(t=nchw(t["x"])))


def cubes(s, t, b, w):
    q = lambda x: F.normalize(x.abs().pow(3).mean(-1).flatten(1))
    return (q(s["x"]) - q(t["x"])).pow(2).mean()


def pooled_attention(s, t, b, w):
    q = lambda x: F.normalize(x.pow(2).mean(1).flatten(1))
    return (q(F.adaptive_avg_pool2d(nchw(s["x"]), 2)) - q(nchw(t["x"]))).pow(2).mean()


write(
    "attention-transfer",
    [
        case("mean square", attention("code"), **maps, options=one),
        case("length", attention("paper"), **maps, options={**one, "distance": "length"}),
        case("third power", cubes, **maps, options={**one, "power": 3}),
        case("the student is larger", pooled_attention, student={"x": a}, teacher={"x": small}, options=one),
    ],
)


def flow(x, y):
    return td.FSPLoss.compute_fsp_matrix(nchw(x), nchw(y))


def flows(s, t, b, w):
    squares = (flow(s["x"], s["y"]) - flow(t["x"], t["y"])) ** 2
    return squares.sum((1, 2)).mean()


states = {"x": draw(10, 2, 4, 3), "y": draw(11, 2, 4, 2)}
deep = {"x": draw(12, 2, 4, 3), "y": draw(13, 2, 4, 2)}
mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 0, 0]])


def masked_gram(s, t, b, w):
    m, count = mask[:, :, None], mask.sum(1)[:, None, None]
    gram = lambda v: (v["x"] * m).transpose(1, 2) @ (v["y"] * m) / count
    return F.mse_loss(gram(s), gram(t))


write(
    "flow-of-solution",
    [
        case(
            "two layers",
            flows,
            student={"x": even, "y": half},
            teacher={"x": draw(14, 2, 4, 4, 2), "y": draw(15, 2, 2, 2, 3)},
            options={"layers": "{x,y} -> {x,y}"},
        ),
        case(
            "Gram matrix of one layer, through a connector",
            lambda s, t, b, w: (
                (td.FSPLoss.compute_fsp_matrix(adapted(s, w), adapted(s, w)) - flow(t["x"], t["x"])) ** 2
            )
            .sum((1, 2))
            .mean(),
            **maps,
            variables=regressor,
            options=one,
        ),
        case(
            "hidden states with a mask, mean",
            masked_gram,
            student=states,
            teacher=deep,
            batch={"m": mask},
            options={"layers": "{x,y} -> {x,y}", "mask": "m", "reduction": "mean"},
        ),
    ],
)


def selectivity(kernel):
    def loss(s, t, b, w):
        z, v = (F.normalize(nchw(x["x"]).flatten(2), dim=2) for x in (s, t))
        if v.shape[2] < z.shape[2]:
            z = F.normalize(F.adaptive_avg_pool2d(nchw(s["x"]), 2).flatten(2), dim=2)
        distance = lambda p, q: ((p[:, :, None] - q[:, None]) ** 2).sum(-1)
        variance = distance(z, v).mean((1, 2), keepdim=True).detach()
        k = {
            "linear": lambda p, q: p @ q.transpose(1, 2),
            "polynomial": lambda p, q: (p @ q.transpose(1, 2)) ** 2,
            "gaussian": lambda p, q: torch.exp(-distance(p, q) / (2 * variance)),
        }[kernel]
        return k(z, z).mean() + k(v, v).mean() - 2 * k(z, v).mean()

    return loss


write(
    "neuron-selectivity",
    [
        case("polynomial", selectivity("polynomial"), **maps, options=one),
        case("linear", selectivity("linear"), **maps, options={**one, "kernel": "linear"}),
        case("Gaussian", selectivity("gaussian"), **maps, options={**one, "kernel": "gaussian"}),
        case("the student is larger", selectivity("polynomial"), student={"x": a}, teacher={"x": small}, options=one),
    ],
)

vid = td.VIDLoss({"pair": {"student": place("s"), "teacher": place("t")}})


def information(s, t, b, w):
    x = nchw(s["x"])
    for k in range(3):
        x = conv(F.relu(x) if k else x, w[f"0.mean.{k}.kernel"])
    variance = (torch.log(1 + torch.exp(w["0.scale"])) + 1e-5).view(1, -1, 1, 1)
    return vid(io(s=(x, variance)), io(t=nchw(t["x"])))


write(
    "variational-information",
    [
        case(
            "map",
            information,
            **maps,
            variables={
                "0.mean.0.kernel": kernel,
                "0.mean.1.kernel": draw(20, 4, 4),
                "0.mean.2.kernel": draw(21, 4, 4),
                "0.scale": draw(22, 4),
            },
            options=one,
        )
    ],
)


def boundaries(margin):
    return (
        lambda s, t, b, w: td.AltActTransferLoss.compute_alt_act_transfer_loss(s["x"], t["x"], margin) / s["x"].shape[0]
    )


def normed_boundaries(s, t, b, w):
    x = F.batch_norm(
        conv(nchw(s["x"]), w["0.connector.kernel"]),
        None,
        None,
        w["0.connector.norm.scale"],
        w["0.connector.norm.offset"],
        training=True,
    )
    return td.AltActTransferLoss.compute_alt_act_transfer_loss(x, nchw(t["x"]), 1.0) / len(x)


write(
    "activation-boundaries",
    [
        case("plain", boundaries(1.0), **both, options={**one, "connector": "none"}),
        case("wide margin", boundaries(2.5), **both, options={**one, "connector": "none", "margin": 2.5}),
        case(
            "through a connector",
            normed_boundaries,
            **maps,
            variables={
                "0.connector.kernel": kernel,
                "0.connector.norm.scale": draw(23, 4),
                "0.connector.norm.offset": draw(24, 4),
            },
            options=one,
        ),
    ],
)


def channels(temperature, map=lambda s, w: nchw(s["x"])):
    def loss(s, t, b, w):
        z, v = map(s, w).flatten(2), nchw(t["x"]).flatten(2)
        q, p = F.log_softmax(z / temperature, 2), F.log_softmax(v / temperature, 2)
        return temperature**2 * (p.exp() * (p - q)).sum(2).mean()

    return loss


up = lambda s, w: F.interpolate(nchw(s["x"]), (3, 3), mode="bilinear", align_corners=False)
write(
    "channel-wise",
    [
        case("T = 1", channels(1), **both, options=one),
        case("T = 4", channels(4), **both, options={**one, "temperature": 4}),
        case("through a connector", channels(1, adapted), **maps, variables=regressor, options=one, absolute=1e-7),
        case("the teacher is larger", channels(1, up), student={"x": small}, teacher={"x": wide}, options=one),
    ],
)


def correlation(map=lambda s, w: nchw(s["x"])):
    def loss(s, t, b, w):
        z, v = (x.transpose(0, 1).flatten(1) for x in (map(s, w), nchw(t["x"])))
        normal = lambda x: (x - x.mean(1, keepdim=True)) / (x.std(1, unbiased=False, keepdim=True) + 1e-6)
        value = F.mse_loss(normal(z), normal(v)) / 2
        r = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(z, v)])
        assert math.isclose(value.item(), (1 - r).mean().item(), rel_tol=1e-5)
        return value

    return loss


write(
    "pearson-correlation",
    [
        case("same size", correlation(), **both, options=one),
        case("through a connector", correlation(adapted), **maps, variables=regressor, options=one, absolute=1e-7),
        case("the teacher is larger", correlation(up), student={"x": small}, teacher={"x": wide}, options=one),
    ],
)

flat, target = draw(30, 4, 3), draw(31, 4, 3)
pad = td.PADL2Loss("s", "t", module_path="l")


def prime(map):
    def loss(s, t, b, w):
        z = map(s["features"], w)
        l = F.batch_norm(
            F.linear(z, w["0.variance.kernel"].T),
            None,
            None,
            w["0.variance.norm.scale"],
            w["0.variance.norm.offset"],
            training=True,
        )
        return pad(io(s=z, l=l), io(t=t["features"]))

    return loss


estimator = {
    "0.variance.kernel": draw(32, 3, 3),
    "0.variance.norm.scale": draw(33, 3),
    "0.variance.norm.offset": draw(34, 3),
}
narrow = {"0.connector.kernel": draw(36, 2, 3), "0.connector.bias": draw(37, 3)}
through = lambda x, w: F.linear(x, w["0.connector.kernel"].T, w["0.connector.bias"])
write(
    "prime-aware",
    [
        case(
            "same size",
            prime(lambda x, w: x),
            student={"features": flat},
            teacher={"features": target},
            variables=estimator,
        ),
        case(
            "through a connector",
            prime(through),
            student={"features": draw(38, 4, 2)},
            teacher={"features": target},
            variables={**estimator, **narrow},
        ),
    ],
)


def projected(exponent):
    # torchdistill's loss with equal logits, whose divergence is 0, is twice this one.
    srd = td.SRDLoss("f", "output", "f", "output", "z", "output", "z", "output", exponent=exponent)
    norm = lambda x: F.batch_norm(x, None, None, training=True)
    zero = torch.zeros(4, 2)
    return (
        lambda s, t, b, w: srd(io(f=norm(through(s["features"], w)), z=zero), io(f=norm(t["features"]), z=zero)) / 2
    )


vectors = {"student": {"features": draw(38, 4, 2)}, "teacher": {"features": target}, "variables": narrow}
write(
    "log-sum-projector",
    [
        case("exponent 4", projected(4.0), **vectors, absolute=1e-6),
        case("exponent 2.5", projected(2.5), **vectors, options={"exponent": 2.5}, absolute=1e-6),
    ],
)
