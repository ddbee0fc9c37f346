"""The PyTorch twin of bench/members/member.ts: what a member is here, its weights in TF.js's layouts, one training step.

This folder is no package (`bench/torch/__init__.py` would hide PyTorch from the scripts in bench/): its scripts are run as
`python bench/torch/NAME.py`, its modules import each other as `member`, `read`, `vision`, `sequence`, `members`.

What TypeScript writes (bench/members/dump.ts) into a folder, read with read.py:
    weights.safetensors    Network.weights, in their order, under their names, TF.js's layouts; `__metadata__`: member, size, rate
    batch-0.safetensors    Network.batch(0), and so on

    weights, metadata = read("DIR/weights.safetensors")
    member = MEMBERS[metadata["member"]](weights)             # from members.py; sizes come from the shapes of the weights
    step = Step(member, float(metadata["rate"]))
    inputs = member.inputs(read("DIR/batch-0.safetensors")[0])   # once, outside the timed step
    loss = step(inputs)                                       # one update, a Python float; before the update

Modules are named as the weights are: `stage1/block0/conv1/kernel` is the `weight` of `self.stage1.block0.conv1` (attributes
or nn.ModuleDict/ModuleList), so that one `load` serves all members; see LEAVES. A name whose last part is none of them is a parameter
of its own (nn.Parameter) of that name on its module. Float32 throughout.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# Last part of a TF.js name -> attribute of the PyTorch module.
LEAVES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "mean": "running_mean",
    "variance": "running_var",
    "embeddings": "weight",
}


class Member(nn.Module):
    """A network of the suite and its loss. A subclass builds its modules from the shapes of `weights`, then calls `load`."""

    def __init__(self, weights: dict[str, np.ndarray]):
        super().__init__()

    def inputs(self, batch: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """A batch as PyTorch wants it: indices int64, images (rank 4) NHWC -> NCHW. Not timed."""
        return {name: tensor(array) for name, array in batch.items()}

    def forward(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The student's outputs, under the names and with the shapes of `Network.forward`."""
        raise NotImplementedError

    def loss(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """The scalar that is differentiated. Default: hard + soft loss on `logits`, `label`, `teacher`."""
        return distillation(self(inputs)["logits"], inputs["label"], inputs["teacher"])


class Step:
    """One update by SGD with momentum 0.9. `compiled`: forward and loss through torch.compile.
    `channels_last`: filters and images in that memory format, which some machines convolve faster in."""

    def __init__(self, member: Member, rate: float, compiled: bool = False, channels_last: bool = False):
        self.member = member.train()
        self.channels_last = channels_last
        if channels_last:
            member.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(member.parameters(), lr=rate, momentum=0.9)
        self.loss = torch.compile(member.loss) if compiled else member.loss

    def inputs(self, batch: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """A batch for this step; not timed."""
        made = self.member.inputs(batch)
        if not self.channels_last:
            return made
        return {k: v.contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v for k, v in made.items()}

    def __call__(self, inputs: dict[str, torch.Tensor]) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(inputs)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def distillation(logits, label, teacher, temperature: float = 4.0, hard: float = 0.3):
    """0.3 hard cross-entropy + 0.7 T^2 cross-entropy with the teacher's softened distribution (bench/members/layers.ts)."""
    soft = F.cross_entropy(logits / temperature, F.softmax(teacher / temperature, -1))
    return hard * F.cross_entropy(logits, label) + (1 - hard) * temperature**2 * soft


def tensor(array: np.ndarray) -> torch.Tensor:
    """numpy to PyTorch, a copy: int32 -> int64, rank 4 NHWC -> NCHW."""
    made = torch.from_numpy(np.array(array))
    if made.dtype == torch.int32:
        made = made.long()
    return made.permute(0, 3, 1, 2).contiguous() if made.dim() == 4 else made


def load(module: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Copies TF.js weights into the parameters and buffers of the same names; all of both must be there."""
    missing = {name for name, _ in module.named_parameters()}
    with torch.no_grad():
        for name, array in weights.items():
            owner, target, path = _find(module, name)
            value = torch.from_numpy(np.array(array))
            target.copy_(to_torch(owner, value).reshape(target.shape))
            missing.discard(path)
    if missing:
        raise ValueError(f"no weights for {sorted(missing)}")


def _find(module: nn.Module, name: str):
    *path, leaf = name.split("/")
    owner = module.get_submodule(".".join(path))
    attribute = LEAVES.get(leaf, leaf)
    return owner, getattr(owner, attribute), ".".join([*path, attribute])


def to_torch(owner: nn.Module, value: torch.Tensor) -> torch.Tensor:
    """Layout of a weight of `owner`: dense [in, out] -> [out, in]; filters [h, w, in, out] -> [out, in, h, w];
    depthwise [h, w, c, m] -> [c * m, 1, h, w]; conv1d [w, in, out] -> [out, in, w]; the rest as it is."""
    if value.dim() < 2:
        return value
    if isinstance(owner, nn.Linear):
        return value.T
    if isinstance(owner, nn.Conv2d):
        if owner.groups > 1:
            h, w, c, m = value.shape
            return value.permute(2, 3, 0, 1).reshape(c * m, 1, h, w)
        return value.permute(3, 2, 0, 1)
    if isinstance(owner, nn.Conv1d):
        return value.permute(2, 1, 0)
    return value
