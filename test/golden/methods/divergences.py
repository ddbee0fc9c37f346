# Divergences of teacher and student, and the temperatures that losses on logits share. Run by hand:
# python test/golden/methods/divergences.py
import math

import torch
import torch.nn.functional as F

from golden import case, draw, write
from soft_targets import both, frames, kl, long, mask, theirs, v, z, soft_cases


def softmaxes(s, t, temperature):
    return F.softmax(t / temperature, -1), F.softmax(s / temperature, -1)


def divergence(p, m):
    return (p * (p / m).log()).sum(-1)


def reverse(p, q):
    return divergence(q, p)


def symmetric(weight):
    return lambda p, q: (1 - weight) * divergence(p, q) + weight * divergence(q, p)


def skewed(alpha):
    return lambda p, q: divergence(p, alpha * p + (1 - alpha) * q)


def skewed_reverse(alpha):
    return lambda p, q: divergence(q, alpha * q + (1 - alpha) * p)


def jensen_shannon(beta):
    def loss(p, q):
        m = beta * p + (1 - beta) * q
        return beta * divergence(p, m) + (1 - beta) * divergence(q, m)

    return loss


def total_variation(p, q):
    return (p - q).abs().sum(-1) / 2


def cases(of, option=None, value=None, other=None):
    """The default, another value of its option, a temperature, frames with a mask, and logits far apart."""
    rows = lambda s, t, T: T**2 * of(*softmaxes(s, t, T))
    far = {"student": {"logits": 6 * z}, "teacher": {"logits": 6 * v}}
    result = [
        case("plain", lambda s, t, b, w: rows(s["logits"], v, 1).mean(), **both),
        case("T = 3", lambda s, t, b, w: rows(s["logits"], v, 3).mean(), **both, options={"temperature": 3}),
        case("far apart", lambda s, t, b, w: rows(s["logits"], 6 * v, 1).mean(), **far),
        case(
            "masked frames",
            lambda s, t, b, w: (rows(s["logits"], theirs, 1) * mask).sum() / mask.sum(),
            **long,
            options={"mask": "m"},
        ),
    ]
    if option is not None:
        result.append(
            case(
                f"{option} = {value}",
                lambda s, t, b, w: other(*softmaxes(s["logits"], v, 1)).mean(),
                **both,
                options={option: value},
            )
        )
    return result


write("reverse-kl", cases(reverse))
write("symmetric-kl", cases(symmetric(0.5), "reverse", 0.9, symmetric(0.9)))
write("skewed-kl", cases(skewed(0.1), "alpha", 0.6, skewed(0.6)))
write("skewed-reverse-kl", cases(skewed_reverse(0.1), "alpha", 0.6, skewed_reverse(0.6)))
write("jensen-shannon", cases(jensen_shannon(0.5), "beta", 0.2, jensen_shannon(0.2)))
write("total-variation", cases(total_variation))


# Temperatures, with soft targets.
def at(temperature):
    """Soft targets at a number, a scalar or one temperature a row."""

    def loss(s, t, b, w):
        T = temperature(s["logits"].detach(), v, w)
        p, q = F.log_softmax(v / T, -1), F.log_softmax(s["logits"] / T, -1)
        return (torch.as_tensor(T).square().reshape(-1) * (p.exp() * (p - q)).sum(-1)).mean()

    return loss


class Reversed(torch.autograd.Function):
    """CTKD's gradient reversal: `dx = lambda * grads`, with a negative lambda."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return ctx.factor * gradient, None


def curriculum(lowest, span, factor):
    return lambda s, t, w: lowest + span * torch.sigmoid(Reversed.apply(w["temperature"], factor))


def flsw(base, beta, gamma, eps=1e-4):
    """TextBrewer's flsw_temperature_scheduler."""

    def temperature(s, t, w):
        x, y = (a / (a.norm(dim=-1, keepdim=True) + eps) for a in (s, t))
        weight = (1 - (x * y).sum(-1)) ** gamma
        return (base + (weight.mean() - weight) * beta).unsqueeze(-1)

    return temperature


def cwsm(base, beta):
    """TextBrewer's cwsm_temperature_scheduler."""

    def temperature(s, t, w):
        weight = 1 / (F.softmax(s, -1).max(-1)[0] + 1e-3)
        return (base + (weight.mean() - weight) * beta).unsqueeze(-1)

    return temperature


def constant(value):
    return at(lambda s, t, w: torch.tensor(value))


schedule = lambda **more: {"temperature": {"by": "schedule", "from": 8, "to": 2, **more}}
learnt = {"temperature": torch.tensor(0.5)}
write(
    "soft-targets",
    soft_cases
    + [
        case("schedule, linear", constant(6.5), **both, options=schedule(), progress={"fraction": 0.25}),
        case(
            "schedule, cosine",
            constant(2 + 6 * (1 + math.cos(math.pi * 0.25)) / 2),
            **both,
            options=schedule(shape="cosine"),
            progress={"fraction": 0.25},
        ),
        case(
            "schedule, geometric",
            constant(8 * 0.25**0.5),
            **both,
            options=schedule(shape="geometric", until=0.5),
            progress={"fraction": 0.25},
        ),
        case(
            "schedule, past its end",
            constant(2.0),
            **both,
            options=schedule(until=0.5),
            progress={"fraction": 0.75},
        ),
        case(
            "curriculum, after the ramp",
            at(curriculum(1, 20, -1)),
            **both,
            variables=learnt,
            options={"temperature": {"by": "curriculum"}},
            progress={"epoch": 12},
        ),
        case(
            "curriculum, on the ramp",
            at(curriculum(2, 10, -3 * (1 - math.cos(math.pi * 0.3)) / 2)),
            **both,
            variables=learnt,
            options={"temperature": {"by": "curriculum", "lowest": 2, "range": 10, "reversal": 3, "epochs": 20}},
            progress={"epoch": 6},
            # The gradient in T is what is left of T^2 KL and of its part in both softmaxes.
            relative=1e-4,
        ),
        case("flsw", at(flsw(4, 1, 2)), **both, options={"temperature": {"by": "flsw"}}),
        case(
            "flsw of other numbers",
            at(flsw(5, 1.5, 1)),
            **both,
            options={"temperature": {"by": "flsw", "base": 5, "beta": 1.5, "gamma": 1}},
        ),
        case("cwsm", at(cwsm(4, 1)), **both, options={"temperature": {"by": "cwsm"}}),
    ],
)
