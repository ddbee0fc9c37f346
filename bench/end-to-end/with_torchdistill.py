# Benchmark peer: torchdistill. usage: with_torchdistill.py FOLDER OUT (npm run bench:end-to-end starts this)
import sys

import torch
from common import TEMPERATURE, Examples, case_of, data_of, models
from torch.utils.data import RandomSampler
from torchdistill.core.distillation import get_distillation_box

folder, out = sys.argv[1:]
case = case_of(folder)
torch.manual_seed(1)
teacher, student = models(case, folder)
examples = Examples(*data_of(case), case["augment"])
config = {
    "num_epochs": case["epochs"],
    "train_data_loader": {
        "dataset_id": "train",
        "sampler": {"class_or_func": RandomSampler},
        # In memory, workers only cost time.
        "kwargs": {"batch_size": case["batch"], "num_workers": 2 if case["augment"] else 0},
    },
    "teacher": {"forward_proc": "forward_batch_only", "requires_grad": False},
    "student": {"forward_proc": "forward_batch_only"},
    "optimizer": {"key": "SGD", "kwargs": {"lr": case["rate"], "momentum": 0.9}},
    "criterion": {
        "key": "WeightedSumLoss",
        "kwargs": {
            "sub_terms": {
                "kd": {
                    "criterion": {
                        "key": "KDLoss",
                        "kwargs": {
                            "student_module_path": ".",
                            "student_module_io": "output",
                            "teacher_module_path": ".",
                            "teacher_module_io": "output",
                            "temperature": TEMPERATURE,
                            "alpha": 0.3,
                            "reduction": "batchmean",
                        },
                    },
                    "weight": 1.0,
                }
            }
        },
    },
}
box = get_distillation_box(teacher, student, {"train": examples}, config, torch.device("cpu"), None, False, 1)
for epoch in range(box.num_epochs):
    box.pre_epoch_process(epoch=epoch)
    total = 0.0
    for sample_batch, targets, supp_dict in box.train_data_loader:
        loss = box.forward_process(sample_batch, targets, supp_dict)
        box.post_forward_process(loss)
        total += loss.item() * len(targets)
    box.post_epoch_process()
    print(f"loss {total / len(examples)}", flush=True)
torch.save(student.state_dict(), out)
