# Makes graph.json with PyTorch 2.13, in float64: trainings of a 3-4-3 net (tanh) with several optimisers, teachers that are computed in
# the step, and weights that balance themselves. Run by hand: python test/golden/make_graph.py
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
steps = 6
random = torch.Generator().manual_seed(3)


def draw(*shape):
    return torch.round(torch.randn(*shape, generator=random) * 1000) / 1000


x = draw(6, 3)
labels = torch.tensor([0, 1, 2, 2, 1, 0])
teacher = draw(6, 3)
net = {"w1": draw(3, 4), "b1": draw(4), "w2": draw(4, 3), "b2": draw(3)}
other = {"w1": draw(3, 4), "b1": draw(4), "w2": draw(4, 3), "b2": draw(3)}
critic = {"c": draw(3, 1), "d": draw(1)}


def record(tensors):
    return {
        name: {"shape": list(t.shape), "data": [float(f"{v:.10g}") for v in t.detach().flatten().tolist()]}
        for name, t in tensors.items()
    }


def fresh(values):
    return {name: value.clone().requires_grad_() for name, value in values.items()}


def forward(p):
    return torch.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]


def kl(student, target, t=2.0):
    return F.kl_div(F.log_softmax(student / t, 1), F.softmax(target / t, 1), reduction="batchmean") * t * t


# A student that is to fool a critic, which tells its logits from the teacher's: two optimisers, one forward pass a step. `turns`: which of
# the two is trained in a step.
def adversarial(turns=lambda step: (True, True)):
    p, c = fresh(net), fresh(critic)
    opt = torch.optim.SGD(p.values(), lr=0.1, momentum=0.9)
    opt_c = torch.optim.Adam(c.values(), lr=0.02)
    for step in range(steps):
        z = forward(p)
        score = lambda logits: (logits @ c["c"] + c["d"]).squeeze(1)
        loss = F.cross_entropy(z, labels) + F.softplus(-score(z)).mean()
        own = F.softplus(-score(teacher)).mean() + F.softplus(score(z)).mean()
        student, other_one = turns(step)
        grads = torch.autograd.grad(loss, list(p.values()), retain_graph=True)
        grads_c = torch.autograd.grad(own, list(c.values()))
        if student:
            for v, g in zip(p.values(), grads):
                v.grad = g
            opt.step()
        if other_one:
            for v, g in zip(c.values(), grads_c):
                v.grad = g
            opt_c.step()
    return record({**p, **c})


# Distillation-oriented momentum (Zhao et al. 2023, algorithm 1), by hand.
def dot(momentum=0.9, delta=0.075, rate=0.1):
    p = fresh(net)
    v = {name: torch.zeros_like(t) for name, t in p.items()}
    u = {name: torch.zeros_like(t) for name, t in p.items()}
    for _ in range(steps):
        z = forward(p)
        task = torch.autograd.grad(F.cross_entropy(z, labels), list(p.values()), retain_graph=True)
        kd = torch.autograd.grad(kl(z, teacher), list(p.values()))
        with torch.no_grad():
            for (name, w), g, h in zip(p.items(), task, kd):
                v[name] = g + (momentum - delta) * v[name]
                u[name] = h + (momentum + delta) * u[name]
                w -= rate * (v[name] + u[name])
    return record(p)


# Mean teacher (Tarvainen & Valpola 2017) as the authors' code does it: after each update, with `global_step` counted from 1,
# `alpha = min(1 - 1 / (global_step + 1), decay)`. The teacher's weights are those that the last step used.
def mean_teacher(decay=0.7):
    p = fresh(net)
    ema = {name: t.clone() for name, t in net.items()}
    opt = torch.optim.SGD(p.values(), lr=0.1, momentum=0.9)
    for step in range(1, steps + 1):
        z = forward(p)
        loss = F.cross_entropy(z, labels) + kl(z, forward(ema))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step == steps:
            break
        alpha = min(1 - 1 / (step + 1), decay)
        with torch.no_grad():
            for name, t in ema.items():
                t.mul_(alpha).add_(p[name], alpha=1 - alpha)
    return {"student": record(p), "teacher": record(ema)}


# Deep mutual learning (Zhang et al. 2018): both at once.
def mutual():
    a, b = fresh(net), fresh(other)
    opt = torch.optim.SGD([*a.values(), *b.values()], lr=0.1, momentum=0.9)
    for _ in range(steps):
        za, zb = forward(a), forward(b)
        loss = F.cross_entropy(za, labels) + 0.5 * kl(za, zb.detach())
        loss = loss + F.cross_entropy(zb, labels) + 0.5 * kl(zb, za.detach())
        opt.zero_grad()
        loss.backward()
        opt.step()
    return {"student": record(a), "peer": record(b)}


# Homoscedastic uncertainty (Kendall et al. 2018, equation 10), s = log(sigma^2).
def uncertainty():
    p = fresh(net)
    s = torch.zeros(2, requires_grad=True)
    opt = torch.optim.SGD([*p.values(), s], lr=0.1, momentum=0.9)
    for _ in range(steps):
        z = forward(p)
        losses = [F.cross_entropy(z, labels), 0.5 * kl(z, teacher)]
        loss = sum(torch.exp(-s[i]) * l + s[i] / 2 for i, l in enumerate(losses))
        opt.zero_grad()
        loss.backward()
        opt.step()
    return record({**p, "s": s})


# GradNorm (Chen et al. 2018, algorithm 1) at the layer w2, its own gradient by autograd.
def gradnorm(alpha=1.5, rate=0.05):
    p = fresh(net)
    w = torch.ones(2, requires_grad=True)
    opt = torch.optim.SGD(p.values(), lr=0.1, momentum=0.9)
    first = None
    for _ in range(steps):
        z = forward(p)
        losses = torch.stack([F.cross_entropy(z, labels), 0.5 * kl(z, teacher)])
        if first is None:
            first = losses.detach()
        norms = torch.stack(
            [torch.autograd.grad(w[i] * losses[i], p["w2"], create_graph=True)[0].norm() for i in range(2)]
        )
        ratios = losses.detach() / first
        target = (norms.mean() * (ratios / ratios.mean()) ** alpha).detach()
        (slope,) = torch.autograd.grad((norms - target).abs().sum(), w, retain_graph=True)
        opt.zero_grad()
        (w.detach() * losses).sum().backward()
        opt.step()
        with torch.no_grad():
            w -= rate * slope
            w *= 2 / w.sum()
    return record({**p, "weights": w})


# Class-wise self-distillation (Yun et al. 2020, equation 2): neighbours are pairs; value and gradient in the logits.
def class_wise(t=4.0):
    z = teacher.clone().requires_grad_()
    loss = kl(z[0::2], z[1::2].detach(), t)
    loss.backward()
    return {"value": float(f"{loss.item():.10g}"), **record({"gradient": z.grad})}


# The terms of data-free methods: DAFL's two of the teacher's logits (equations 2 and 4), ZSKT's divergence with gradients in both.
def made():
    v, z = teacher.clone().requires_grad_(), (teacher.flip(0) * 0.5).requires_grad_()
    certainty = F.cross_entropy(v, v.argmax(1))
    p = F.softmax(v, 1).mean(0)
    entropy = (p * p.log()).sum()
    (g1,) = torch.autograd.grad(certainty, v, retain_graph=True)
    (g2,) = torch.autograd.grad(entropy, v)
    d = F.kl_div(F.log_softmax(z, 1), F.log_softmax(v, 1), reduction="batchmean", log_target=True)
    gz, gv = torch.autograd.grad(d, [z, v])
    value = lambda t: float(f"{t.item():.10g}")
    return {
        "student": record({"z": z})["z"],
        "certainty": {"value": value(certainty), **record({"gradient": g1})},
        "negativeEntropy": {"value": value(entropy), **record({"gradient": g2})},
        "disagreement": {"value": value(d), **record({"student": gz, "teacher": gv})},
    }


content = {
    "madeBy": f"test/golden/make_graph.py, PyTorch {torch.__version__}",
    "steps": steps,
    "data": record({"x": x, "teacher": teacher}) | {"labels": labels.tolist()},
    "net": record(net),
    "other": record(other),
    "critic": record(critic),
    "adversarial": adversarial(),
    "turns": adversarial(lambda step: (step % 3 > 0, step % 3 == 0)),
    "dot": dot(),
    "meanTeacher": mean_teacher(),
    "mutual": mutual(),
    "uncertainty": uncertainty(),
    "gradnorm": gradnorm(),
    "classWise": class_wise(),
    "made": made(),
}
(pathlib.Path(__file__).parent / "graph.json").write_text(json.dumps(content, indent=1) + "\n")
