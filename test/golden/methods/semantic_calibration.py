# Semantic calibration, after the authors' code. Run by hand: python test/golden/methods/semantic_calibration.py
import torch
import torch.nn.functional as F

from golden import case, draw, write

first = lambda x: x.permute(0, 3, 1, 2)
last = lambda x: x.permute(0, 2, 3, 1)
students = {"a": draw(1, 3, 4, 4, 2), "b": draw(2, 3, 2, 2, 3)}
teachers = {"c": draw(3, 3, 4, 4, 3), "d": draw(4, 3, 2, 2, 2), "e": draw(5, 3, 1, 1, 2)}
batch, size = 4, 2

variables, seed = {}, 10


def add(name, *shape, scale=0.5, shift=0.0):
    global seed
    seed += 1
    variables[name] = draw(seed, *shape, scale=scale) + shift


for side, count in (("query", 2), ("key", 3)):
    for i in range(count):
        add(f"{side}.{i}.first.kernel", batch, 2 * size, scale=0.1)
        add(f"{side}.{i}.first.bias", 2 * size, shift=0.5)
        add(f"{side}.{i}.second.kernel", 2 * size, size)
        add(f"{side}.{i}.second.bias", size)
for i, s in enumerate(students.values()):
    for j, t in enumerate(teachers.values()):
        name, wide = f"regressor.{i}.{j}", 2 * t.shape[3]
        add(f"{name}.first.kernel", s.shape[3], wide)
        add(f"{name}.norm.scale", wide, shift=1.0)
        add(f"{name}.norm.offset", wide)
        add(f"{name}.middle.kernel", 3, 3, wide, wide)
        add(f"{name}.middle.norm.scale", wide, shift=1.0)
        add(f"{name}.middle.norm.offset", wide)
        add(f"{name}.last.kernel", wide, t.shape[3])


def embed(x, w, name):
    x = x.flatten(1)
    rows = F.pad(x @ x.T, (0, batch - len(x)))
    hidden = F.relu(rows @ w[f"{name}.first.kernel"] + w[f"{name}.first.bias"])
    return F.normalize(hidden @ w[f"{name}.second.kernel"] + w[f"{name}.second.bias"])


def norm(x, w, name):
    x = (x - x.mean((0, 1, 2))) / torch.sqrt(x.var((0, 1, 2), unbiased=False) + 1e-5)
    return x * w[f"{name}.norm.scale"] + w[f"{name}.norm.offset"]


def regress(x, w, name):
    x = F.relu(norm(x @ w[f"{name}.first.kernel"], w, name))
    kernel = w[f"{name}.middle.kernel"].permute(3, 2, 0, 1)
    x = last(F.conv2d(first(x), kernel, padding=1))
    return F.relu(norm(x, w, f"{name}.middle")) @ w[f"{name}.last.kernel"]


def calibration(s, t, b, w):
    mine, theirs = list(s.values()), list(t.values())
    query = torch.stack([embed(x, w, f"query.{i}") for i, x in enumerate(mine)], 1)
    key = torch.stack([embed(x, w, f"key.{j}") for j, x in enumerate(theirs)], 1)
    attention = F.softmax(query @ key.transpose(1, 2), -1)
    errors = torch.zeros(3, 2, 3)
    for i, x in enumerate(mine):
        for j, y in enumerate(theirs):
            own = x
            if x.shape[1] > y.shape[1]:
                own = last(F.adaptive_avg_pool2d(first(x), y.shape[1:3]))
            else:
                y = last(F.adaptive_avg_pool2d(first(y), x.shape[1:3]))
            errors[:, i, j] = ((regress(own, w, f"regressor.{i}.{j}") - y) ** 2).flatten(1).mean(1)
    return (attention * errors).sum() / (3 * 2)


options = {"student": ["a", "b"], "teacher": ["c", "d", "e"], "batch": batch, "factor": 2}
write(
    "semantic-calibration",
    [case("two by three layers", calibration, student=students, teacher=teachers, variables=variables, options=options)],
)
