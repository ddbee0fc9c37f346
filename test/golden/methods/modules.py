# Losses on layers with modules of their own. Run by hand: python test/golden/methods/modules.py
import torch
import torch.nn.functional as F
from torchdistill.losses import mid_level as td

from golden import case, draw, round32, write

nchw = lambda x: x.permute(0, 3, 1, 2).contiguous()
place = lambda name: {"io": "output", "path": name}
io = lambda **tensors: {name: {"output": each} for name, each in tensors.items()}
one = {"student": "x", "teacher": "x"}
a, wide = draw(1, 2, 3, 3, 2), draw(2, 2, 3, 3, 3)
maps = {"student": {"x": a}, "teacher": {"x": wide}}
conv1 = lambda x, kernel, bias=None: F.conv2d(x, kernel.T[:, :, None, None], bias)
conv3 = lambda x, kernel, bias=None: F.conv2d(x, kernel.permute(3, 2, 0, 1).contiguous(), bias, padding=1)
normed = lambda x, w, name: F.batch_norm(x, None, None, w[f"{name}.scale"], w[f"{name}.offset"], training=True)
norm = lambda seed, name, width: {f"{name}.scale": draw(seed, width), f"{name}.offset": draw(seed + 1, width)}


def generated(map):
    def loss(s, t, b, w):
        x = F.relu(conv3(map(s, w), w["0.first.kernel"], w["0.first.bias"]))
        x = conv3(x, w["0.second.kernel"], w["0.second.bias"])
        return F.mse_loss(x, nchw(t["x"]), reduction="sum") / len(x)

    return loss


block = {
    "0.first.kernel": draw(3, 3, 3, 3, 3),
    "0.first.bias": draw(4, 3),
    "0.second.kernel": draw(5, 3, 3, 3, 3),
    "0.second.bias": draw(6, 3),
}
regressor = {"0.connector.kernel": draw(7, 2, 3), "0.connector.bias": draw(8, 3)}
adapted = lambda s, w: conv1(nchw(s["x"]), w["0.connector.kernel"], w["0.connector.bias"])
write(
    "masked-generative",
    [
        case(
            "nothing masked",
            generated(lambda s, w: nchw(s["x"])),
            student={"x": draw(9, 2, 3, 3, 3)},
            teacher={"x": wide},
            variables=block,
            options={**one, "ratio": 0},
        ),
        case(
            "nothing masked, through a connector",
            generated(adapted),
            **maps,
            variables={**block, **regressor},
            options={**one, "ratio": 0},
        ),
    ],
)


def margins(v):
    negative = (v < 0).sum((0, 1, 2))
    return v.clamp(max=0).sum((0, 1, 2)) / negative


def partial(z, v, margin):
    """Three cases, as the authors write them."""
    return (
        (z - margin) ** 2 * ((z > margin) & (v <= margin))
        + (z - v) ** 2 * ((z > v) & (v > margin) & (v <= 0))
        + (z - v) ** 2 * (v > 0)
    )


def later(v, w):
    """The margins after one more batch."""
    return w["0.margin"] + (margins(v) - w["0.margin"]) / (w["0.batches"] + 1)


def regressed(s, t, b, w):
    z = normed(conv1(nchw(s["x"]), w["0.connector.kernel"]), w, "0.connector.norm").permute(0, 2, 3, 1)
    return partial(z, t["x"], margins(t["x"])).sum() / len(z)


same = draw(10, 2, 3, 3, 3)
history = {"0.margin": -draw(11, 3).abs(), "0.batches": torch.tensor([4.0, 1.0, 2.0])}
write(
    "overhaul",
    [
        case(
            "first batch",
            lambda s, t, b, w: partial(s["x"], t["x"], margins(t["x"])).sum() / 2,
            student={"x": same},
            teacher={"x": wide},
            options={**one, "connector": "none"},
            after=lambda s, t, b, w: {"0.margin": margins(t["x"]), "0.batches": torch.ones(3)},
        ),
        case(
            "later",
            lambda s, t, b, w: partial(s["x"], t["x"], later(t["x"], w)).sum() / 2,
            student={"x": same},
            teacher={"x": wide},
            state=history,
            options={**one, "connector": "none"},
            after=lambda s, t, b, w: {"0.margin": later(t["x"], w), "0.batches": w["0.batches"] + 1},
        ),
        case(
            "through a connector",
            regressed,
            **maps,
            variables={"0.connector.kernel": draw(7, 2, 3), **norm(12, "0.connector.norm", 3)},
            options=one,
        ),
        case(
            "two layers",
            lambda s, t, b, w: partial(s["x"], t["x"], margins(t["x"])).sum() / 4
            + partial(s["y"], t["y"], margins(t["y"])).sum() / 2,
            student={"x": same, "y": draw(14, 2, 2, 2, 3)},
            teacher={"x": wide, "y": draw(15, 2, 2, 2, 3)},
            options={"layers": "{x,y} -> {x,y}", "connector": "none"},
        ),
    ],
)

factors = {"paraphraser": place("f"), "translator": place("f")}


def stack(x, w, name, norm=False):
    for k in range(3):
        x = conv3(x, w[f"0.{name}.{k}.kernel"], None if norm else w[f"0.{name}.{k}.bias"])
        x = F.leaky_relu(normed(x, w, f"0.{name}.{k}.norm") if norm else x, 0.1)
    return x


def stacked(seed, name, widths, normalised=False):
    parts = {}
    for k, (i, o) in enumerate(zip(widths, widths[1:])):
        parts[f"0.{name}.{k}.kernel"] = draw(seed + 3 * k, 3, 3, i, o, scale=0.4)
        parts |= norm(seed + 3 * k + 1, f"0.{name}.{k}.norm", o) if normalised else {
            f"0.{name}.{k}.bias": draw(seed + 3 * k + 1, o)
        }
    return parts


def paraphrased(s, t, b, w):
    return F.mse_loss(stack(stack(nchw(t["x"]), w, "encoder"), w, "decoder"), nchw(t["x"]))


def transferred(p):
    ft = td.FTLoss(p=p, paraphraser_path="p", translator_path="t")

    def loss(s, t, b, w):
        with torch.no_grad():
            factor = stack(nchw(t["x"]), w, "encoder").permute(0, 2, 3, 1)
        return ft(io(t=stack(nchw(s["x"]), w, "translator", True).permute(0, 2, 3, 1)), io(p=factor))

    return loss


modules = {
    **stacked(20, "encoder", [3, 3, 1, 1]),
    **stacked(30, "decoder", [1, 1, 3, 3]),
    **stacked(40, "translator", [2, 2, 1, 1], True),
}
write(
    "factor-transfer",
    [
        case("the paraphraser first", paraphrased, **maps, variables=modules, options=one, progress={"epoch": 3}, absolute=1e-7),
        case("then the factors", transferred(1), **maps, variables=modules, options=one, progress={"epoch": 20}),
        case(
            "length",
            transferred(2),
            **maps,
            variables=modules,
            options={**one, "distance": "length"},
            progress={"epoch": 20},
        ),
    ],
)


def fused(x, deeper, size, w, name):
    """As torchdistill and mdistiller fuse, on [batch, channels, h, w]."""
    x = normed(conv1(x, w[f"{name}.first.kernel"]), w, f"{name}.first.norm")
    if deeper is not None:
        y = F.interpolate(deeper, x.shape[2:], mode="nearest")
        z = torch.sigmoid(conv1(torch.cat([x, y], 1), w[f"{name}.attention.kernel"], w[f"{name}.attention.bias"]))
        x = x * z[:, :1] + y * z[:, 1:]
    x = F.interpolate(x, size, mode="nearest")
    return normed(conv3(x, w[f"{name}.second.kernel"]), w, f"{name}.second.norm"), x


context = td.HierarchicalContextLoss("s", "output", "t", "output")


def review(names):
    def loss(s, t, b, w):
        deeper, value = None, 0
        for k, name in reversed(list(enumerate(names))):
            x, v = (nchw(each[name]) if each[name].dim() == 4 else each[name][:, :, None, None] for each in (s, t))
            out, deeper = fused(x, deeper, v.shape[2:], w, str(k))
            value = value + context(io(s=(out, deeper)), io(t=v))
        return value

    return loss


def fusions(widths, middle):
    parts = {}
    for k, (mine, theirs) in enumerate(widths):
        parts[f"{k}.first.kernel"] = draw(50 + 10 * k, mine, middle)
        parts |= norm(51 + 10 * k, f"{k}.first.norm", middle)
        parts[f"{k}.second.kernel"] = draw(53 + 10 * k, 3, 3, middle, theirs)
        parts |= norm(54 + 10 * k, f"{k}.second.norm", theirs)
        if k < len(widths) - 1:
            parts[f"{k}.attention.kernel"] = draw(56 + 10 * k, 2 * middle, 2)
            parts[f"{k}.attention.bias"] = draw(57 + 10 * k, 2)
    return parts


write(
    "knowledge-review",
    [
        case(
            "two maps and a vector",
            review(["x", "y", "z"]),
            student={"x": draw(80, 5, 5, 5, 2), "y": draw(81, 5, 2, 2, 2), "z": draw(82, 5, 3)},
            teacher={"x": draw(83, 5, 5, 5, 2), "y": draw(84, 5, 4, 4, 2), "z": draw(85, 5, 4)},
            variables=fusions([(2, 2), (2, 2), (3, 4)], 3),
            options={"layers": ["{x,y} -> {x,y}", "z -> z"]},
            absolute=1e-6,
        )
    ],
)


def guided(channel_mask):
    def loss(s, t, b, w):
        x, v = nchw(s["x"]), nchw(t["x"])

        def mask(axes):
            strength = lambda e: e.abs().mean(axes, keepdim=True).flatten(1)
            one = lambda e: torch.softmax(strength(e) / 0.5, 1) * strength(e).shape[1]
            shape = x.abs().mean(axes, keepdim=True).shape
            return ((one(x) + one(v)) / 2).reshape(shape).detach()

        whole = mask([1]) * mask([2, 3]) if channel_mask else mask([1])
        adapt = lambda e, name: conv1(e, w[f"0.{name}.kernel"], w[f"0.{name}.bias"])
        length = lambda e: e.flatten(1).norm(dim=1).mean()

        def block(e, name):
            part = lambda which: adapt(e, f"{name}.{which}").flatten(2)
            pairs = part("query").transpose(1, 2) @ part("key") / (e.shape[2] * e.shape[3])
            y = (pairs @ part("value").transpose(1, 2)).transpose(1, 2).reshape(len(e), -1, *e.shape[2:])
            return e + adapt(y, f"{name}.out")

        pooled = F.linear(x.mean((2, 3)), w["0.channels.kernel"].T, w["0.channels.bias"])
        spatial = conv3(x.mean(1, keepdim=True), w["0.positions.kernel"], w["0.positions.bias"])
        return (
            7e-5 * length((adapt(x, "whole") - v) * whole.sqrt())
            + 4e-3 * length(pooled - v.mean((2, 3)))
            + 4e-3 * length(spatial - v.mean(1, keepdim=True))
            + 7e-5 * length(adapt(block(x, "student"), "relations") - block(v, "teacher"))
        )

    return loss


pieces = {"0.positions.kernel": draw(90, 3, 3, 1, 1), "0.positions.bias": draw(91, 1)}
for seed, name in enumerate(["whole", "channels", "relations"]):
    pieces |= {f"0.{name}.kernel": draw(92 + seed, 3, 3), f"0.{name}.bias": draw(95 + seed, 3)}
for seed, side in enumerate(["student", "teacher"]):
    for at, part in enumerate(["query", "key", "value", "out"]):
        shape = (1, 3) if part == "out" else (3, 1)
        pieces[f"0.{side}.{part}.kernel"] = draw(100 + 20 * seed + at, *shape)
        pieces[f"0.{side}.{part}.bias"] = draw(110 + 20 * seed + at, shape[1])
same_maps = {"student": {"x": same}, "teacher": {"x": wide}, "variables": pieces}
write(
    "attention-guided",
    [
        case("both masks", guided(True), **same_maps, options=one),
        case("positions alone", guided(False), **same_maps, options={**one, "channelMask": False}),
    ],
)


def spectral(seed, batch, size, channels, values=(8, 4, 2, 1)):
    """Maps whose singular values are far apart."""
    q = lambda seed, n: torch.linalg.qr(draw(seed, batch, n, len(values)))[0]
    x = q(seed, size * size) * torch.tensor(values) @ q(seed + 1, channels).transpose(1, 2)
    return round32(x).reshape(batch, size, size, channels)


def singular(count, names):
    def right(x, n):
        _, s, v = torch.linalg.svd(x.flatten(1, 2), full_matrices=False)
        v = v.transpose(1, 2)[:, :, :n]
        # A library's signs mean nothing: here the largest number of a vector is positive.
        largest = v.gather(1, v.abs().argmax(1, keepdim=True))
        return F.normalize(s[:, :n], dim=1), v * largest.sign()

    def loss(s, t, b, w):
        last, value = None, 0
        for name in names:
            scale, theirs = right(t[name], count)
            _, mine = right(s[name], count + 3)
            cosine = (mine.transpose(1, 2) @ theirs).detach()
            best = cosine.abs() == cosine.abs().amax(1, keepdim=True)
            now = [mine @ (cosine.sign() * best) * scale[:, None], theirs * scale[:, None]]
            if last:
                flow = lambda k: torch.exp(-((now[k][:, :, None] - last[k][:, None]) ** 2) / 8)
                value = value + (flow(0) - flow(1)).pow(2).sum() / len(scale)
            last = now
        return value

    return loss


def layers(seed):
    return {name: spectral(seed + 5 * k, 2, 3, 5) for k, name in enumerate("xyz")}


three = {"student": layers(200), "teacher": layers(220), "options": {"layers": "{x,y,z} -> {x,y,z}"}}
# Powers of a matrix in float32.
write("singular-vectors", [case("three layers", singular(1, "xyz"), **three, relative=1e-4)])
