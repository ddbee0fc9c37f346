# Benchmark peer: distillation as a plain PyTorch loop. usage: loop.py FOLDER OUT (npm run bench:end-to-end starts this)
import sys

import torch
from common import Examples, case_of, data_of, models, soft_loss
from torch.nn import functional as F

folder, out = sys.argv[1:]
case = case_of(folder)
torch.manual_seed(1)
teacher, student = models(case, folder)
images, labels = data_of(case)
optimizer = torch.optim.SGD(student.parameters(), case["rate"], momentum=0.9)


def batches():
    """Whole batches out of memory; augmentation, which is example by example, in workers."""
    if case["augment"]:
        examples = Examples(images, labels, True)
        yield from torch.utils.data.DataLoader(examples, case["batch"], shuffle=True, num_workers=2)
        return
    for rows in torch.randperm(len(labels)).split(case["batch"]):
        yield images[rows], labels[rows]


for epoch in range(case["epochs"]):
    total = 0.0
    for x, y in batches():
        with torch.no_grad():
            answers = teacher(x)
        logits = student(x)
        loss = 0.3 * F.cross_entropy(logits, y) + 0.7 * soft_loss(logits, answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print(f"loss {total / len(labels)}", flush=True)
torch.save(student.state_dict(), out)
