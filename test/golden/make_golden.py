# Makes the golden values in this folder with PyTorch 2.13, in float64. Run by hand: python test/golden/make_golden.py
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent


def numbers(tensor):
    return [float(f"{x:.10g}") for x in tensor.detach().flatten().tolist()]


def write(name, content):
    content = {"madeBy": f"test/golden/make_golden.py, PyTorch {torch.__version__}", **content}
    (here / name).write_text(json.dumps(content, indent=1) + "\n")


def tensor_record(tensor):
    return {"shape": list(tensor.shape), "data": numbers(tensor)}


# Optimisers: ten updates of a 3-4-2 net (tanh, mean squared error). The rate falls, so that its place in the rule shows.
def optimizers():
    random = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.round(torch.randn(*shape, generator=random) * 1000) / 1000
    initial = {"w1": draw(3, 4), "b1": draw(4), "w2": draw(4, 2), "b2": draw(2)}
    x, y = draw(6, 3), draw(6, 2)
    rates = [0.1 * 0.9**step for step in range(10)]

    def max_norm(params, limit):
        with torch.no_grad():
            for name in ("w1", "w2"):
                norm = params[name].norm(dim=0, keepdim=True)
                params[name].mul_(torch.clamp(limit / norm, max=1))

    def train(make, clip=None, after=None):
        params = {name: value.clone().requires_grad_() for name, value in initial.items()}
        groups = lambda decay: [
            {"params": [params["w1"], params["w2"]], "weight_decay": decay},
            {"params": [params["b1"], params["b2"]], "weight_decay": 0.0},
        ]
        optimizer = make(groups)
        losses, after_first = [], None
        for rate in rates:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            output = torch.tanh(x @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]
            loss = ((output - y) ** 2).mean()
            loss.backward()
            if clip:
                clip(list(params.values()))
            optimizer.step()
            if after:
                after(params)
            losses.append(loss.item())
            if after_first is None:
                after_first = {name: numbers(value) for name, value in params.items()}
        return {
            "losses": [float(f"{loss:.10g}") for loss in losses],
            "afterFirst": after_first,
            "afterTenth": {name: numbers(value) for name, value in params.items()},
        }

    sgd = lambda decay=0.0, **options: (lambda groups: torch.optim.SGD(groups(decay), lr=1, **options))
    adam = lambda decay=0.0, **options: (lambda groups: torch.optim.Adam(groups(decay), lr=1, **options))
    adamw = lambda decay, **options: (lambda groups: torch.optim.AdamW(groups(decay), lr=1, **options))

    torch_rule = lambda rule, decay=0.0, **options: (lambda groups: rule(groups(decay), lr=1, **options))

    # Not in torch.optim: LAMB as algorithm 2 of You et al. 2020 has it, with phi the identity; like the authors' code,
    # variables without decay take no trust ratio.
    class Lamb(torch.optim.Optimizer):
        def __init__(self, groups, lr, betas=(0.9, 0.999), eps=1e-6):
            super().__init__(groups, {"lr": lr, "betas": betas, "eps": eps})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                beta1, beta2 = group["betas"]
                for x in group["params"]:
                    state = self.state[x]
                    if not state:
                        state.update(t=0, m=torch.zeros_like(x), v=torch.zeros_like(x))
                    state["t"] += 1
                    state["m"] = beta1 * state["m"] + (1 - beta1) * x.grad
                    state["v"] = beta2 * state["v"] + (1 - beta2) * x.grad**2
                    m = state["m"] / (1 - beta1 ** state["t"])
                    v = state["v"] / (1 - beta2 ** state["t"])
                    r = m / (v.sqrt() + group["eps"])
                    u = r + group["weight_decay"] * x
                    ratio = x.norm() / u.norm() if x.dim() >= 2 else 1.0
                    x -= group["lr"] * ratio * u

    # Lion: program 1 of Chen et al. 2023.
    class Lion(torch.optim.Optimizer):
        def __init__(self, groups, lr, betas=(0.9, 0.99)):
            super().__init__(groups, {"lr": lr, "betas": betas})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                beta1, beta2 = group["betas"]
                for w in group["params"]:
                    m = self.state[w].get("m", torch.zeros_like(w))
                    update = torch.sign(beta1 * m + (1 - beta1) * w.grad) + group["weight_decay"] * w
                    self.state[w]["m"] = beta2 * m + (1 - beta2) * w.grad
                    w -= group["lr"] * update

    optim = torch.optim

    def clip_each(limit):
        def clip(params):
            for param in params:
                torch.nn.utils.clip_grad_norm_([param], limit)

        return clip

    cases = {
        "sgd": train(sgd()),
        "sgd momentum": train(sgd(momentum=0.9)),
        "sgd nesterov": train(sgd(momentum=0.9, nesterov=True)),
        "sgd dampening": train(sgd(momentum=0.9, dampening=0.3)),
        "sgd weight decay": train(sgd(0.05, momentum=0.9)),
        "adam": train(adam()),
        "adam other betas": train(adam(betas=(0.5, 0.9), eps=1e-3)),
        "adam weight decay": train(adam(0.05)),
        "adamw": train(adamw(0.05)),
        "adam amsgrad": train(adam(0.05, amsgrad=True, betas=(0.9, 0.5))),
        "adamw amsgrad": train(adamw(0.05, amsgrad=True, betas=(0.9, 0.5))),
        "rmsprop": train(torch_rule(optim.RMSprop)),
        "rmsprop momentum": train(torch_rule(optim.RMSprop, 0.05, alpha=0.9, eps=1e-3, momentum=0.5)),
        "rmsprop centered": train(torch_rule(optim.RMSprop, alpha=0.9, centered=True)),
        "rmsprop centered momentum": train(
            torch_rule(optim.RMSprop, 0.05, alpha=0.9, eps=1e-3, momentum=0.5, centered=True)
        ),
        "adagrad": train(torch_rule(optim.Adagrad)),
        "adagrad options": train(
            torch_rule(optim.Adagrad, 0.05, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-3)
        ),
        "lamb": train(torch_rule(Lamb, 0.05)),
        "lamb without decay": train(torch_rule(Lamb, betas=(0.5, 0.9), eps=1e-3)),
        "lion": train(torch_rule(Lion)),
        "lion weight decay": train(torch_rule(Lion, 0.5, betas=(0.8, 0.95))),
        "clip by value": train(sgd(momentum=0.9), clip=lambda params: torch.nn.utils.clip_grad_value_(params, 0.1)),
        "clip by norm": train(sgd(momentum=0.9), clip=clip_each(0.2)),
        "clip by global norm": train(sgd(momentum=0.9), clip=lambda params: torch.nn.utils.clip_grad_norm_(params, 0.3)),
        "max norm": train(sgd(momentum=0.9), after=lambda params: max_norm(params, 1.2)),
    }
    write(
        "optimizers.json",
        {
            "inputs": tensor_record(x),
            "targets": tensor_record(y),
            "initial": {name: tensor_record(value) for name, value in initial.items()},
            "rates": rates,
            "cases": cases,
        },
    )


# Losses: values, and gradients with respect to the student's logits.
def losses():
    random = torch.Generator().manual_seed(2)
    draw = lambda *shape: torch.round(torch.randn(*shape, generator=random) * 3000) / 1000
    z, v = draw(4, 5), draw(4, 5)
    labels = torch.tensor([3, 0, 4, 2])

    def case(compute):
        student = z.clone().requires_grad_()
        value = compute(student)
        value.backward()
        return {"value": value.item(), "gradient": numbers(student.grad)}

    def soft(temperature, classes=None):
        pick = (lambda t: t[:, classes]) if classes else (lambda t: t)
        return case(
            lambda student: temperature**2
            * F.kl_div(
                F.log_softmax(pick(student) / temperature, dim=1),
                F.softmax(pick(v) / temperature, dim=1),
                reduction="batchmean",
            )
        )

    centre = lambda t: t - t.mean(dim=1, keepdim=True)
    write(
        "losses.json",
        {
            "student": tensor_record(z),
            "teacher": tensor_record(v),
            "labels": labels.tolist(),
            "crossEntropy": case(lambda student: F.cross_entropy(student, labels)),
            "crossEntropySmoothed": case(lambda student: F.cross_entropy(student, labels, label_smoothing=0.1)),
            "softTargetsT1": soft(1.0),
            "softTargetsT4": soft(4.0),
            "softTargetsT20": soft(20.0),
            "softTargetsClasses": soft(4.0, [1, 4, 2]),
            "logitMatching": case(lambda student: 0.5 * F.mse_loss(centre(student), centre(v))),
            "logitMatchingUncentred": case(lambda student: 0.5 * F.mse_loss(student, v)),
        },
    )


# The same losses over padded sequences: PyTorch gets the positions that count alone.
def sequence_losses():
    random = torch.Generator().manual_seed(3)
    draw = lambda *shape: torch.round(torch.randn(*shape, generator=random) * 3000) / 1000
    z, v, y = draw(3, 4, 5), draw(3, 4, 5), draw(3, 4, 5)
    lengths = torch.tensor([4, 1, 3])
    labels = torch.tensor([[3, 0, 4, 2], [1, 0, 0, 0], [2, -1, 4, 0]])
    within = torch.arange(4)[None, :] < lengths[:, None]
    mask = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]]) > 0

    def case(compute):
        student = z.clone().requires_grad_()
        value = compute(student)
        value.backward()
        return {"value": value.item(), "gradient": numbers(student.grad)}

    def soft(where):
        return case(
            lambda student: 16
            * F.kl_div(F.log_softmax(student[where] / 4, -1), F.softmax(v[where] / 4, -1), reduction="batchmean")
        )

    def hard(where, smoothing=0.0):
        return case(
            lambda student: F.cross_entropy(
                student[where], labels[where], ignore_index=-1, label_smoothing=smoothing
            )
        )

    centre = lambda t: t - t.mean(dim=-1, keepdim=True)
    write(
        "sequence-losses.json",
        {
            "student": tensor_record(z),
            "teacher": tensor_record(v),
            "truth": tensor_record(y),
            "shares": tensor_record(torch.sigmoid(y)),
            "lengths": lengths.tolist(),
            "labels": labels.tolist(),
            "mask": mask.int().tolist(),
            "cross-entropy": hard(within),
            "cross-entropy smoothed": hard(within, 0.1),
            "cross-entropy masked": hard(mask),
            "soft-targets": soft(within),
            "soft-targets masked": soft(mask),
            "logit-matching": case(lambda student: 0.5 * F.mse_loss(centre(student)[within], centre(v)[within])),
            "squared-error": case(lambda student: F.mse_loss(student[within], y[within])),
            "squared-error masked": case(lambda student: F.mse_loss(student[mask], y[mask])),
            "squared-error teacher": case(lambda student: F.mse_loss(student[within], v[within])),
            "binary-cross-entropy": case(
                lambda student: F.binary_cross_entropy_with_logits(student[within], torch.sigmoid(y)[within])
            ),
            "binary-cross-entropy masked": case(
                lambda student: F.binary_cross_entropy_with_logits(student[mask], torch.sigmoid(y)[mask])
            ),
            "binary-cross-entropy teacher": case(
                lambda student: 4
                * F.binary_cross_entropy_with_logits(student[within] / 2, torch.sigmoid(v[within] / 2))
            ),
        },
    )


# Schedules, in updates: 40 of them, ten an epoch.
def schedules():
    parameter = torch.nn.Parameter(torch.zeros(1))

    def rates(make, steps=40):
        optimizer = torch.optim.SGD([parameter], lr=1.0)
        schedule = make(optimizer)
        values = []
        for step in range(steps):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if step + 1 < steps:
                schedule.step()
        return [float(f"{value:.10g}") for value in values]

    lr = torch.optim.lr_scheduler
    write(
        "schedules.json",
        {
            "step": rates(lambda o: lr.StepLR(o, step_size=20, gamma=0.1)),
            "cosine": rates(lambda o: lr.CosineAnnealingLR(o, T_max=40, eta_min=0.1)),
            "polynomial": rates(lambda o: lr.PolynomialLR(o, total_iters=30, power=2.0)),
            "warmup": rates(
                lambda o: lr.SequentialLR(
                    o,
                    [lr.LinearLR(o, start_factor=0.1, total_iters=9), lr.PolynomialLR(o, total_iters=30, power=1.5)],
                    milestones=[10],
                )
            ),
            # Vaswani et al. 2017, equation 3, with its factor such that the peak is 1.
            "inverseSquareRoot": rates(
                lambda o: lr.LambdaLR(o, lambda s: 10**0.5 * min((s + 1) ** -0.5, (s + 1) * 10**-1.5))
            ),
            "oneCycle": rates(lambda o: lr.OneCycleLR(o, max_lr=1.0, total_steps=40)),
        },
    )


optimizers()
losses()
sequence_losses()
schedules()
