# The vision members of the suite in PyTorch: twins of bench/members/{mlp,cnn,resnet,mobilenet,ssd}.ts.
import numpy as np
from torch import nn

from member import Member, load


def linear(weights: dict[str, np.ndarray], name: str) -> nn.Linear:
    """A dense layer of the sizes that its weights have."""
    width_in, width_out = weights[f"{name}/kernel"].shape
    return nn.Linear(width_in, width_out, bias=f"{name}/bias" in weights)


class Mlp(Member):
    def __init__(self, weights):
        super().__init__(weights)
        self.dense0 = linear(weights, "dense0")
        self.dense1 = linear(weights, "dense1")
        self.dense2 = linear(weights, "dense2")
        load(self, weights)

    def forward(self, inputs):
        h = self.dense0(inputs["x"]).relu()
        h = self.dense1(h).relu()
        return {"logits": self.dense2(h)}


MEMBERS = {"mlp-800": Mlp, "mlp-64": Mlp}
