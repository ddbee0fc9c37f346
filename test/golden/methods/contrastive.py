# Contrastive methods. Run by hand, with torchdistill 1.1.5: python test/golden/methods/contrastive.py
import torch
import torch.nn.functional as F
from torchdistill.losses.mid_level import CRDLoss

from golden import case, draw, round32, write

z, v, wide = draw(1, 4, 5), draw(2, 4, 5), draw(3, 4, 7)
plain = lambda loss: lambda s, t, b, w: loss(s["features"], t["features"])
linear = {"0.connector.kernel": draw(4, 5, 7), "0.connector.bias": draw(5, 7)}
same = {"student": {"features": z}, "teacher": {"features": v}}


def info_nce(s, t, scale=20, ready=F.normalize):
    """sentence-transformers' MultipleNegativesRankingLoss."""
    return F.cross_entropy(ready(s) @ ready(t).T * scale, torch.arange(len(s)))


write(
    "info-nce",
    [
        case("cosine", plain(info_nce), **same),
        case(
            "inner products",
            plain(lambda s, t: info_nce(s, t, 0.5, lambda x: x)),
            **same,
            options={"similarity": "dot", "temperature": 2},
        ),
        case(
            "both ways",
            plain(lambda s, t: (info_nce(s, t, 2) + info_nce(t, s, 2)) / 2),
            **same,
            options={"symmetric": True, "temperature": 0.5},
        ),
        case(
            "through a linear map",
            lambda s, t, b, w: info_nce(s["features"] @ w["0.connector.kernel"] + w["0.connector.bias"], t["features"]),
            student={"features": z},
            teacher={"features": wide},
            variables=linear,
        ),
    ],
)

# The examples of the tiny data set, and a batch of its first ones.
examples, size, batch = 60, 3, 3
index = torch.arange(batch)
others = torch.stack([torch.tensor([j for j in range(examples) if j != i]) for i in range(batch)])
# What a step's random numbers with seed 1 begin with.
uniform = [0.5004703402519226, 0.009466230869293213, 0.7966105937957764, 0.140738844871521, 0.7172500491142273]
uniform += [0.9477441310882568, 0.5971412062644958, 0.5973827242851257, 0.4825023412704468]
steps = (torch.tensor(uniform).reshape(batch, 3) * (examples - 1)).floor().long()
drawn = (index[:, None] + 1 + steps) % examples

variables = {
    "student.kernel": draw(6, 5, size),
    "student.bias": draw(7, size),
    "student.bank": round32(F.normalize(draw(8, examples, size))),
    "student.normaliser": torch.tensor(0.0),
    "teacher.kernel": draw(9, 7, size),
    "teacher.bias": draw(10, size),
    "teacher.bank": round32(F.normalize(draw(11, examples, size))),
    "teacher.normaliser": torch.tensor(0.0),
}
trained = ["student.kernel", "student.bias", "teacher.kernel", "teacher.bias"]


def crd(negatives, temperature=0.07, momentum=0.5, scales=(-1.0, -1.0)):
    """torchdistill's loss with given banks and negatives; gives the loss and its module."""

    def compute(s, t, b, w):
        loss = CRDLoss("s", "i", "t", size, examples, negatives.shape[1], examples, temperature, momentum)
        loss.memory_v1, loss.memory_v2 = (w[f"{side}.bank"].detach().clone() for side in ("student", "teacher"))
        loss.params = torch.tensor([negatives.shape[1], temperature, *scales, momentum], dtype=torch.float64)
        rows = lambda side, x: F.normalize(x @ w[f"{side}.kernel"] + w[f"{side}.bias"])
        chosen = torch.cat([index[:, None], negatives], 1)
        value = loss(
            {"s": {"output": rows("student", s["features"])}, "i": {"input": {"pos_idx": index, "contrast_idx": chosen}}},
            {"t": {"output": rows("teacher", t["features"])}},
        )
        return value.sum(), loss

    return compute


def run(name, negatives, options, **settings):
    compute = crd(negatives, **settings)
    scales = settings.get("scales", (0.0, 0.0))
    own = {**variables, "student.normaliser": torch.tensor(scales[0]), "teacher.normaliser": torch.tensor(scales[1])}

    def after(s, t, b, w):
        module = compute(s, t, b, w)[1]
        return {
            "student.bank": module.memory_v1,
            "teacher.bank": module.memory_v2,
            "student.normaliser": module.params[2],
            "teacher.normaliser": module.params[3],
        }

    result = case(
        name,
        lambda s, t, b, w: compute(s, t, b, w)[0],
        student={"features": z[:batch]},
        teacher={"features": wide[:batch]},
        variables=own,
        options={"size": size, **options},
        after=after,
    )
    result["gradients"]["variables"] = {key: result["gradients"]["variables"][key] for key in trained}
    return result


write(
    "contrastive-representation",
    [
        run("all others", others, {"temperature": 0.5}, temperature=0.5),
        run("three drawn", drawn, {"negatives": 3, "temperature": 0.5}, temperature=0.5),
        run("later", drawn, {"negatives": 3, "momentum": 0.9}, momentum=0.9, scales=(3e6, 5e6)),
    ],
)
