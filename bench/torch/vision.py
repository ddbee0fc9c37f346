# The vision members of the suite in PyTorch: twins of bench/members/{mlp,cnn,resnet,mobilenet,ssd}.ts.
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from member import Member, distillation, load

Weights = dict[str, np.ndarray]


def linear(weights: Weights, name: str) -> nn.Linear:
    """A dense layer of the sizes that its weights have."""
    width_in, width_out = weights[f"{name}/kernel"].shape
    return nn.Linear(width_in, width_out, bias=f"{name}/bias" in weights)


def conv(weights: Weights, name: str, stride: int = 1) -> nn.Conv2d:
    """A convolution of the sizes that its filters have, which keeps the image's size at stride 1."""
    height, _, width_in, width_out = weights[f"{name}/kernel"].shape
    bias = f"{name}/bias" in weights
    return nn.Conv2d(width_in, width_out, height, stride, (height - 1) // 2, bias=bias)


def count(weights: Weights, prefix: str) -> int:
    """How many `prefix/0`, `prefix/1`, ... there are."""
    return len({name.split("/")[1] for name in weights if name.startswith(f"{prefix}/")})


class ConvNorm(nn.Module):
    """Convolution (of each channel by itself: `depthwise`), then batch norm."""

    def __init__(self, weights: Weights, name: str, stride: int = 1, depthwise: bool = False):
        super().__init__()
        if depthwise:
            size, _, channels, _ = weights[f"{name}/conv/kernel"].shape
            padding = (size - 1) // 2
            self.conv = nn.Conv2d(channels, channels, size, stride, padding, groups=channels, bias=False)
        else:
            self.conv = conv(weights, f"{name}/conv", stride)
        self.norm = nn.BatchNorm2d(self.conv.out_channels)

    def forward(self, x):
        return self.norm(self.conv(x))


class Mlp(Member):
    def __init__(self, weights: Weights):
        super().__init__(weights)
        self.dense0 = linear(weights, "dense0")
        self.dense1 = linear(weights, "dense1")
        self.dense2 = linear(weights, "dense2")
        load(self, weights)

    def forward(self, inputs):
        h = self.dense0(inputs["x"]).relu()
        h = self.dense1(h).relu()
        return {"logits": self.dense2(h)}


class Cnn(Member):
    def __init__(self, weights: Weights):
        super().__init__(weights)
        self.conv0 = conv(weights, "conv0")
        self.conv1 = conv(weights, "conv1")
        self.conv2 = conv(weights, "conv2")
        self.dense = linear(weights, "dense")
        load(self, weights)

    def forward(self, inputs):
        h = inputs["x"]
        for layer in (self.conv0, self.conv1, self.conv2):
            h = F.max_pool2d(F.relu(layer(h)), 2)
        return {"logits": self.dense(h.mean((2, 3)))}


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut without weights (option A)."""

    def __init__(self, weights: Weights, name: str):
        super().__init__()
        _, _, width_in, width_out = weights[f"{name}/first/conv/kernel"].shape
        self.grown = width_out - width_in
        self.first = ConvNorm(weights, f"{name}/first", stride=2 if self.grown else 1)
        self.second = ConvNorm(weights, f"{name}/second")

    def forward(self, x):
        h = self.second(F.relu(self.first(x)))
        if self.grown:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.grown))
        return F.relu(h + x)


class ResNet(Member):
    def __init__(self, weights: Weights):
        super().__init__(weights)
        self.stem = ConvNorm(weights, "stem")
        self.blocks = nn.Sequential(*(Residual(weights, f"blocks/{i}") for i in range(count(weights, "blocks"))))
        self.dense = linear(weights, "dense")
        load(self, weights)

    def forward(self, inputs):
        h = self.blocks(F.relu(self.stem(inputs["x"])))
        return {"logits": self.dense(h.mean((2, 3)))}


class InvertedResidual(nn.Module):
    def __init__(self, weights: Weights, name: str, stride: int):
        super().__init__()
        widened = f"{name}/widen/conv/kernel" in weights
        self.widen = ConvNorm(weights, f"{name}/widen") if widened else None
        self.spread = ConvNorm(weights, f"{name}/spread", stride, depthwise=True)
        self.narrow = ConvNorm(weights, f"{name}/narrow")
        width_in = self.widen.conv.in_channels if self.widen else self.spread.conv.in_channels
        self.residual = stride == 1 and width_in == self.narrow.conv.out_channels

    def forward(self, x):
        h = F.relu6(self.widen(x)) if self.widen else x
        h = self.narrow(F.relu6(self.spread(h)))
        return x + h if self.residual else h


class MobileNet(Member):
    def __init__(self, weights: Weights):
        super().__init__(weights)
        blocks = count(weights, "blocks")
        # The strides are not in the weights: bench/members/mobilenet.ts.
        strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1][:blocks]
        self.stem = ConvNorm(weights, "stem", stride=2)
        self.blocks = nn.Sequential(*(InvertedResidual(weights, f"blocks/{i}", s) for i, s in enumerate(strides)))
        self.head = ConvNorm(weights, "head")
        self.dense = linear(weights, "dense")
        load(self, weights)

    def forward(self, inputs):
        h = self.blocks(F.relu6(self.stem(inputs["x"])))
        return {"logits": self.dense(F.relu6(self.head(h)).mean((2, 3)))}


class Stage(nn.Module):
    """Halves the image; has heads when there are weights for them."""

    def __init__(self, weights: Weights, name: str):
        super().__init__()
        self.down = ConvNorm(weights, f"{name}/down", stride=2)
        self.same = ConvNorm(weights, f"{name}/same")
        headed = f"{name}/classes/kernel" in weights
        self.classes = conv(weights, f"{name}/classes") if headed else None
        self.boxes = conv(weights, f"{name}/boxes") if headed else None

    def forward(self, x):
        return F.relu(self.same(F.relu(self.down(x))))


class Ssd(Member):
    ANCHORS = 4  # boxes of a cell

    def __init__(self, weights: Weights):
        super().__init__(weights)
        self.stages = nn.ModuleList(Stage(weights, f"stages/{i}") for i in range(count(weights, "stages")))
        load(self, weights)

    def forward(self, inputs):
        def rows(head):
            # Cells first, then the boxes of a cell, as in the channels-last map.
            return head.permute(0, 2, 3, 1).reshape(head.shape[0], -1, head.shape[1] // self.ANCHORS)

        h, logits, boxes = inputs["x"], [], []
        for stage in self.stages:
            h = stage(h)
            if stage.classes is not None:
                logits.append(rows(stage.classes(h)))
                boxes.append(rows(stage.boxes(h)))
        return {"logits": torch.cat(logits, 1), "boxes": torch.cat(boxes, 1)}

    def loss(self, inputs):
        out, label = self(inputs), inputs["label"]
        kinds = distillation(out["logits"].flatten(0, 1), label.flatten(), inputs["teacher"].flatten(0, 1))
        matched = (label > 0).float()
        smooth = F.smooth_l1_loss(out["boxes"], inputs["box"], reduction="none").sum(-1)
        return kinds + (smooth * matched).sum() / matched.sum().clamp(min=1)


MEMBERS = {
    "mlp-800": Mlp,
    "mlp-64": Mlp,
    "cnn": Cnn,
    "resnet-20": ResNet,
    "mobilenet-v2": MobileNet,
    "ssd": Ssd,
}
