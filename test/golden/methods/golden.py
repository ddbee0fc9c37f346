# What the scripts of this folder share: cases of a method, computed with PyTorch in float64, written as <method>.json.
#
# A script holds one family and calls `write(method, [case(...), ...])`. Inputs are rounded to what float32 holds, so that both
# sides start from the same numbers; values and gradients have ten digits.
import inspect
import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent


def draw(seed, *shape, scale=1.0):
    """Normal numbers with three decimals, as float32 holds them."""
    random = torch.Generator().manual_seed(seed)
    return round32(torch.round(torch.randn(*shape, generator=random) * scale * 1000) / 1000)


def labels(seed, classes, *shape):
    random = torch.Generator().manual_seed(seed)
    return torch.randint(0, classes, shape, generator=random)


def round32(tensor):
    return tensor.to(torch.float32).to(torch.float64)


def _number(x):
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return float(f"{x:.10g}")


def _record(tensor):
    kinds = {torch.float64: "float32", torch.int64: "int32", torch.int32: "int32", torch.bool: "bool"}
    numbers = tensor.detach().flatten().tolist()
    data = [_number(float(x)) if tensor.is_floating_point() else int(x) for x in numbers]
    return {"dtype": kinds[tensor.dtype], "shape": list(tensor.shape), "data": data}


def case(
    name,
    loss,
    *,
    student,
    teacher={},
    batch={},
    variables={},
    state={},
    options={},
    progress={},
    after=None,
    relative=None,
    absolute=None,
):
    """One case. `loss(student, teacher, batch, variables)` gets dictionaries of tensors and gives a scalar; gradients are taken in
    the floats of `student` and in `variables`. `state`: variables that are not trained, given to the loss beside these.
    `after(student, teacher, batch, variables)`: what the loss leaves in variables."""
    leaf = lambda values: {
        key: value.clone().requires_grad_() if value.is_floating_point() else value for key, value in values.items()
    }
    mine, own = leaf(student), leaf(variables)
    value = loss(mine, teacher, batch, {**own, **state})
    if value.requires_grad:
        value.backward()
    gradients = lambda values: {
        key: _record(torch.zeros_like(each) if each.grad is None else each.grad)
        for key, each in values.items()
        if each.is_floating_point()
    }
    records = lambda values: {key: _record(each) for key, each in values.items()}
    result = {
        "name": name,
        "options": options,
        "student": records(student),
        "teacher": records(teacher),
        "batch": records(batch),
        "variables": records({**variables, **state}),
        "value": _number(value.item()),
        "gradients": {"student": gradients(mine), "variables": gradients(own)},
    }
    if progress:
        result["progress"] = progress
    if after is not None:
        result["after"] = records(after(student, teacher, batch, {**variables, **state}))
    if relative is not None:
        result["relative"] = relative
    if absolute is not None:
        result["absolute"] = absolute
    return result


def write(method, cases):
    """Writes <method>.json beside this file, one line a tensor."""
    script = pathlib.Path(inspect.stack()[1].filename).name
    content = {"madeBy": f"test/golden/methods/{script}, PyTorch {torch.__version__}", "cases": cases}
    (here / f"{method}.json").write_text(_compact(content) + "\n")


def _compact(value, depth=0):
    pad = " " * (depth + 1)
    if isinstance(value, dict) and not {"dtype", "data"} <= value.keys():
        rows = [f"{pad}{json.dumps(key)}: {_compact(each, depth + 1)}" for key, each in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}" if rows else "{}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(pad + _compact(each, depth + 1) for each in value) + "\n" + " " * depth + "]"
    return json.dumps(value)
