# Relations within feature maps: channels, positions. Run by hand, with torchdistill 1.1.5: python test/golden/methods/maps.py
import torch
import torch.nn.functional as F
from torchdistill.losses.mid_level import ChSimLoss

from golden import case, draw, write

z, v = draw(1, 3, 2, 3, 4), draw(2, 3, 2, 3, 4)
wide, small = draw(3, 3, 2, 3, 6), draw(4, 3, 4, 6, 2)
first = lambda x: x.permute(0, 3, 1, 2)
maps = {"student": {"a": z}, "teacher": {"a": v}}
names = {"student": "a", "teacher": "a"}
plain = lambda loss: lambda s, t, b, w: loss(s["a"], t["a"])


def correlations(s, t):
    """As torchdistill's, without its second division by the batch size: the authors' code has one."""
    return len(s) * ChSimLoss.batch_loss(first(s).contiguous(), first(t).contiguous())


def by_hand(s, t):
    rows = lambda x: F.normalize(torch.einsum("bhwi,bhwj->bij", x, x), dim=2)
    return ((rows(s) - rows(t)) ** 2).sum() / (s.shape[0] * s.shape[3])


def normed(x, w, relu=False):
    """A 1x1 convolution without bias, then batch norm by the batch."""
    y = x @ w["0.connector.kernel"]
    y = (y - y.mean((0, 1, 2))) / torch.sqrt(y.var((0, 1, 2), unbiased=False) + 1e-5)
    y = y * w["0.connector.norm.scale"] + w["0.connector.norm.offset"]
    return F.relu(y) if relu else y


own = {
    "0.connector.kernel": draw(5, 4, 6),
    "0.connector.norm.scale": draw(6, 6) + 2,
    "0.connector.norm.offset": draw(7, 6) + 1,
}
through = {"student": {"a": z}, "teacher": {"a": wide}, "variables": own, "options": names}
write(
    "inter-channel-correlation",
    [
        case("authors", plain(by_hand), **maps, options={**names, "connector": "none"}),
        case("torchdistill", plain(correlations), **maps, options={**names, "connector": "none"}),
        case("with the regressor", lambda s, t, b, w: by_hand(normed(s["a"], w), t["a"]), **through),
    ],
)


def cosines(x):
    x = F.normalize(x.flatten(1, 2), dim=2)
    return x @ x.transpose(1, 2) / x.shape[1]


def affinity(s, t):
    return (cosines(s) - cosines(t)).norm(dim=2).sum(1).mean()


shrink = lambda x: F.adaptive_avg_pool2d(first(x), (2, 3)).permute(0, 2, 3, 1)
write(
    "affinity",
    [
        case("other channels", plain(affinity), student={"a": z}, teacher={"a": wide}, options=names),
        case(
            "a larger map",
            plain(lambda s, t: affinity(shrink(s), t)),
            student={"a": small},
            teacher={"a": v},
            options=names,
        ),
    ],
)


def adapted(s, t, p=1, q=2):
    unit = lambda x: x / x.norm(p=q, dim=-1, keepdim=True)
    return (unit(s) - unit(t)).norm(p=p, dim=-1).mean()


vectors = {"student": {"a": draw(8, 4, 5)}, "teacher": {"a": draw(9, 4, 5)}}
write(
    "knowledge-adaptation",
    [
        case("positions", plain(adapted), **maps, options={**names, "connector": "none"}),
        case("vectors", plain(adapted), **vectors, options={**names, "connector": "none"}),
        case(
            "p 2, q 1",
            plain(lambda s, t: adapted(s, t, 2, 1)),
            **maps,
            options={**names, "connector": "none", "p": 2, "q": 1},
        ),
        case("with the adapter", lambda s, t, b, w: adapted(normed(s["a"], w, True), t["a"]), **through),
    ],
)
