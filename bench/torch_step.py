# The PyTorch side of bench/step.ts: reads "WARM STEPS" lines, answers the median milliseconds of a distillation step.
# usage: torch_step.py THREADS BATCH HIDDEN
import statistics
import sys
import time

import torch
import torch.nn.functional as F

threads, batch, hidden = (int(word) for word in sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(1)
net = torch.nn.Sequential(
    torch.nn.Linear(784, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10)
)
optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
x = torch.rand(batch, 784)
label = torch.randint(0, 10, (batch,))
teacher = torch.randn(batch, 10)
T = 4.0


def step():
    optimizer.zero_grad(set_to_none=True)
    logits = net(x)
    hard = F.cross_entropy(logits, label)
    soft = T * T * F.kl_div(F.log_softmax(logits / T, 1), F.softmax(teacher / T, 1), reduction="batchmean")
    loss = 0.3 * hard + 0.7 * soft
    loss.backward()
    optimizer.step()
    return loss.item()


print(torch.__version__, flush=True)
for line in sys.stdin:
    warm, steps = (int(word) for word in line.split())
    for _ in range(warm):
        step()
    times = []
    for _ in range(steps):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1000)
    print(statistics.median(times), flush=True)
