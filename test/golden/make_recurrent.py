"""Writes recurrent.json: torch.nn.GRU and torch.nn.LSTM over padded sequences in float64, with gradients and a few updates.

usage: python make_recurrent.py   (a Python with torch==2.13.0)
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

BATCH, TIME, FEATURES, UNITS, STEPS, RATE = 4, 6, 3, 5, 5, 0.05


def flat(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]}


def run(module, x, lengths, state):
    """Outputs (zeros where padded) and the state after each sequence's last step."""
    if lengths is None:
        return module(x, state)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    outputs, last = module(packed, state)
    return pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])[0], last


def case(kind, bidirectional, lengths, with_state):
    module = getattr(nn, kind)(FEATURES, UNITS, batch_first=True, bidirectional=bidirectional)
    x = torch.randn(BATCH, TIME, FEATURES, requires_grad=True)
    directions = 2 if bidirectional else 1
    parts = [torch.randn(directions, BATCH, UNITS) for _ in range(2 if kind == "LSTM" else 1)]
    state = None if not with_state else tuple(parts) if kind == "LSTM" else parts[0]
    target = torch.randn(BATCH, TIME, directions * UNITS)

    def loss_of(outputs, last):
        last = last if isinstance(last, tuple) else (last,)
        return ((outputs - target) ** 2).mean() + sum((part**2).mean() for part in last)

    initial = {name: flat(value) for name, value in module.state_dict().items()}
    outputs, last = run(module, x, lengths, state)
    loss_of(outputs, last).backward()
    result = {
        "kind": kind,
        "bidirectional": bidirectional,
        "lengths": lengths,
        "x": flat(x),
        "target": flat(target),
        "state": [flat(part) for part in parts] if with_state else None,
        "weights": initial,
        "outputs": flat(outputs),
        "last": [flat(part) for part in (last if isinstance(last, tuple) else (last,))],
        "gradients": {name: flat(value.grad) for name, value in module.named_parameters()},
        "gradientOfX": flat(x.grad),
    }
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(*run(module, x.detach(), lengths, state))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    result["losses"] = losses
    return result


def main():
    torch.manual_seed(3)
    torch.set_default_dtype(torch.float64)
    ragged = [6, 1, 4, 3]
    cases = {
        "GRU": case("GRU", False, None, False),
        "GRU, lengths": case("GRU", False, ragged, True),
        "GRU, both directions, lengths": case("GRU", True, ragged, False),
        "LSTM": case("LSTM", False, None, False),
        "LSTM, lengths": case("LSTM", False, ragged, True),
        "LSTM, both directions, lengths": case("LSTM", True, ragged, False),
    }
    golden = {"torch": torch.__version__.split("+")[0], "rate": RATE, "cases": cases}
    path = pathlib.Path(__file__).with_name("recurrent.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main()
