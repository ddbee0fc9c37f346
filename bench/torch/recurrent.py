"""A recurrent student's distillation step in PyTorch, for bench/recurrent.ts.

Reads lines `steps N` and answers each with the milliseconds and the processor milliseconds of a step.
usage: python recurrent.py THREADS KIND BATCH TIME FEATURES UNITS CLASSES
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

threads, kind = int(sys.argv[1]), sys.argv[2]
batch, steps, features, units, classes = map(int, sys.argv[3:])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)

layer = getattr(nn, kind.upper())(features, units, batch_first=True)
head = nn.Linear(units, classes)
optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=1e-4, momentum=0.9)
x = torch.randn(batch, steps, features)
hard = torch.randint(classes, (batch,))
soft = torch.softmax(torch.randn(batch, classes), 1)


def step():
    optimizer.zero_grad(set_to_none=True)
    logits = head(layer(x)[0].mean(1))
    loss = F.cross_entropy(logits, hard) - (soft * F.log_softmax(logits, 1)).sum(1).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


for _ in range(3):
    step()
print(torch.__version__, flush=True)
for line in sys.stdin:
    count = int(line.split()[1])
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        step()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(wall / count * 1e3, processor / count * 1e3, flush=True)
