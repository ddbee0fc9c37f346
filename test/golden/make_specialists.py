# Golden values of the combination of specialists. Run by hand: python test/golden/make_specialists.py
# Hinton, Vinyals & Dean 2015, section 5.5: q = softmax(z) by gradient descent on z for each example; checked against
# scipy's BFGS. Needs torch 2.13 and scipy 1.17.
import json
import pathlib

import numpy
import scipy
import scipy.optimize
import torch

here = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
random = numpy.random.RandomState(20151)


def softmax(values):
    shifted = numpy.exp(values - values.max())
    return shifted / shifted.sum()


def objective(z, generalist, specialists):
    """KL(p_g, q) + sum of KL(p_m, q); a specialist's dustbin stands for the sum of q outside of its classes."""
    logs = torch.log_softmax(z, 0)
    loss = torch.sum(generalist * (torch.log(generalist) - logs))
    for classes, p in specialists:
        inside = torch.zeros(len(z), dtype=torch.bool)
        inside[classes] = True
        q = torch.cat([logs[classes], torch.logsumexp(logs[~inside], 0)[None]])
        loss = loss + torch.sum(p * (torch.log(p) - q))
    return loss


def descend(generalist, specialists):
    z = torch.log(generalist).clone().requires_grad_()
    for step in range(200000):
        loss = objective(z, generalist, specialists)
        (gradient,) = torch.autograd.grad(loss, z)
        with torch.no_grad():
            z -= 0.5 * gradient
        if gradient.abs().max() < 1e-11:
            break
    return torch.softmax(z, 0).detach(), loss.item()


def by_scipy(generalist, specialists):
    def both(values):
        z = torch.tensor(values, requires_grad=True)
        loss = objective(z, generalist, specialists)
        (gradient,) = torch.autograd.grad(loss, z)
        return loss.item(), gradient.numpy()

    found = scipy.optimize.minimize(both, numpy.log(generalist.numpy()), jac=True, method="BFGS", options={"gtol": 1e-9})
    return softmax(found.x), found.fun


def case(count, groups, sharpness):
    generalist = softmax(sharpness * random.normal(size=count))
    specialists = [
        {"classes": classes, "p": softmax(sharpness * random.normal(size=len(classes) + 1)).tolist()}
        for classes in groups
    ]
    p = torch.tensor(generalist)
    members = [(each["classes"], torch.tensor(each["p"])) for each in specialists]
    q, loss = descend(p, members)
    other, least = by_scipy(p, members)
    assert numpy.abs(q.numpy() - other).max() < 1e-6, numpy.abs(q.numpy() - other).max()
    assert abs(loss - least) < 1e-10
    return {"generalist": generalist.tolist(), "specialists": specialists, "q": q.tolist(), "loss": loss}


CASES = [
    (4, [], 1),
    (5, [[1, 3]], 1),
    (10, [[3, 5]], 2),
    (10, [[3, 5], [1, 9]], 2),
    (10, [[3, 5, 4, 7], [0, 2, 3], [8, 0]], 2),
    (6, [[0, 1, 2], [2, 3, 4], [4, 5, 0]], 3),
    (12, [[0, 1], [0, 1], [0, 2, 4, 6, 8, 10]], 1.5),
    (20, [[1, 2, 3, 4, 5], [5, 6, 7], [7, 8, 9, 10, 1], [19]], 3),
]

content = {
    "madeBy": f"test/golden/make_specialists.py, torch {torch.__version__.split('+')[0]}, scipy {scipy.__version__}",
    "cases": [case(*each) for each in CASES],
}
(here / "specialists.json").write_text(json.dumps(content, indent=1) + "\n")
