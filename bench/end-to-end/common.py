# What both Python peers share: models with given weights, data in memory, the loss.
import glob
import json
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "torch"))
from read import read  # noqa: E402

TEMPERATURE = 4


def case_of(folder):
    with open(os.path.join(folder, "case.json")) as file:
        return json.load(file)


def mlp(widths):
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layers += [nn.ReLU()] if i > 0 else []
        layers.append(nn.Linear(a, b))
    return nn.Sequential(*layers)


class Block(nn.Module):
    """Two convolutions and a shortcut without parameters (option A)."""

    def __init__(self, before, after, stride, norm):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=not norm)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=not norm)
        self.bn1 = nn.BatchNorm2d(after) if norm else nn.Identity()
        self.bn2 = nn.BatchNorm2d(after) if norm else nn.Identity()
        self.stride = stride
        self.more = after - before

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            half = self.more // 2
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, half))
        return F.relu(y + x)


class ResNet(nn.Module):
    """The ResNet for CIFAR with 6n + 2 layers (He et al. 2016); without norms where they are folded into biases."""

    def __init__(self, n, norm):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=not norm)
        self.bn1 = nn.BatchNorm2d(16) if norm else nn.Identity()
        widths = [16, 16, 32, 64]
        for i in (1, 2, 3):
            blocks = [
                Block(widths[i - 1] if k == 0 else widths[i], widths[i], 2 if k == 0 and i > 1 else 1, norm)
                for k in range(n)
            ]
            setattr(self, f"layer{i}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def models(case, folder):
    """Teacher with the weights of the ONNX file, student with fresh ones."""
    weights, _ = read(os.path.join(folder, "teacher.safetensors"))
    tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
    if case["kind"] == "mlp":
        teacher, student = mlp([784, 1200, 1200, 10]), mlp([784, 800, 800, 10])
        state = {}
        for i in range(3):
            state[f"{2 * i}.weight"] = tensors[f"layer{i}/kernel"].T
            state[f"{2 * i}.bias"] = tensors[f"layer{i}/bias"]
    else:
        teacher, student = ResNet(9, False), ResNet(3, True)
        ends = {".w": ".weight", ".b": ".bias"}
        state = {name[:-2] + ends[name[-2:]]: tensor for name, tensor in tensors.items()}
    teacher.load_state_dict(state)
    return teacher.eval().requires_grad_(False), student.train()


def mnist(folder):
    images = np.fromfile(os.path.join(folder, "train-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.fromfile(os.path.join(folder, "train-labels-idx1-ubyte"), np.uint8, offset=8)
    return torch.from_numpy(images).view(-1, 784).float().div_(255), torch.from_numpy(labels).long()


def cifar(folder):
    """Every image is decoded once: CIFAR-10 in memory, as torchvision holds it."""
    from PIL import Image

    images, labels = [], []
    for label, name in enumerate(sorted(os.listdir(folder))):
        for path in sorted(glob.glob(os.path.join(folder, name, "*.jpg"))):
            images.append(np.asarray(Image.open(path).convert("RGB")))
            labels.append(label)
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float().div_(255)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((pixels - mean.view(3, 1, 1)) / std.view(3, 1, 1)).contiguous(), torch.tensor(labels)


def data_of(case):
    return mnist(case["data"]) if case["kind"] == "mlp" else cifar(case["data"])


class Examples(torch.utils.data.Dataset):
    """Example by example, cropped and mirrored at random where asked."""

    def __init__(self, images, labels, augment):
        self.images, self.labels, self.augment = images, labels, augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = self.images[i]
        if self.augment:
            top, left, flip = torch.randint(0, 9, ()), torch.randint(0, 9, ()), torch.rand(()) < 0.5
            image = F.pad(image, (4, 4, 4, 4))[:, top : top + 32, left : left + 32]
            image = image.flip(2) if flip else image
        return image, self.labels[i]


def soft_loss(student, teacher):
    p = torch.softmax(teacher / TEMPERATURE, 1)
    return F.kl_div(torch.log_softmax(student / TEMPERATURE, 1), p, reduction="batchmean") * TEMPERATURE**2
