# The sequence and graph members of the suite in PyTorch: twins of bench/members/{tdnn,transformer,gcn,gat}.ts.
import torch
import torch.nn.functional as F
from torch import nn

from member import Member, distillation, load
from vision import linear


class TdnnLayer(nn.Module):
    def __init__(self, weights, name, dilation):
        super().__init__()
        width, inputs, channels = weights[f"{name}/conv/kernel"].shape
        padding = dilation * (width - 1) // 2
        self.conv = nn.Conv1d(inputs, channels, width, dilation=dilation, padding=padding, bias=False)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Tdnn(Member):
    def __init__(self, weights):
        super().__init__(weights)
        for i, dilation in enumerate([1, 2, 3, 1]):
            setattr(self, f"tdnn{i}", TdnnLayer(weights, f"tdnn{i}", dilation))
        self.senones = linear(weights, "senones")
        load(self, weights)

    def inputs(self, batch):
        made = super().inputs(batch)
        return {**made, "x": made["x"].transpose(1, 2).contiguous()}

    def forward(self, inputs):
        h = self.tdnn3(self.tdnn2(self.tdnn1(self.tdnn0(inputs["x"]))))
        return {"logits": self.senones(h.transpose(1, 2))}

    def loss(self, inputs):
        logits = self(inputs)["logits"].flatten(0, 1)
        return distillation(logits, inputs["label"].flatten(), inputs["teacher"].flatten(0, 1))


class Block(nn.Module):
    def __init__(self, weights, name, heads):
        super().__init__()
        width = weights[f"{name}/norm1/gamma"].shape[0]
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = linear(weights, f"{name}/qkv")
        self.out = linear(weights, f"{name}/out")
        self.norm2 = nn.LayerNorm(width)
        self.up = linear(weights, f"{name}/up")
        self.down = linear(weights, f"{name}/down")

    def forward(self, x, mask):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(Member):
    HEADS = 4

    def __init__(self, weights):
        super().__init__(weights)
        self.token = nn.Embedding(*weights["token/embeddings"].shape)
        self.position = nn.Embedding(*weights["position/embeddings"].shape)
        self.blocks = sum(f"block{i}/norm1/gamma" in weights for i in range(100))
        for i in range(self.blocks):
            setattr(self, f"block{i}", Block(weights, f"block{i}", self.HEADS))
        self.norm = nn.LayerNorm(self.token.embedding_dim)
        self.classes = linear(weights, "classes")
        load(self, weights)

    def forward(self, inputs):
        real = inputs["real"]
        mask = (real > 0)[:, None, None, :]
        x = self.token(inputs["ids"]) + self.position.weight
        for i in range(self.blocks):
            x = getattr(self, f"block{i}")(x, mask)
        read = self.norm(x) * real[:, :, None]
        return {"logits": self.classes(read.sum(1) / real.sum(1, keepdim=True))}


class GraphMember(Member):
    def loss(self, inputs):
        logits = self(inputs)["logits"]
        known = inputs["known"]
        hard = (F.cross_entropy(logits, inputs["label"], reduction="none") * known).sum() / known.sum()
        soft = F.cross_entropy(logits / 4, F.softmax(inputs["teacher"] / 4, -1))
        return 0.3 * hard + 0.7 * 16 * soft


class GraphLayer(nn.Module):
    """Weight [in, out] and bias: `A (h W) + b`, A being sparse."""

    def __init__(self, weights, name):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(weights[f"{name}/kernel"].shape))
        self.bias = nn.Parameter(torch.empty(weights[f"{name}/bias"].shape))

    def forward(self, h, adjacency):
        return torch.sparse.mm(adjacency, h @ self.weight) + self.bias


class Gcn(GraphMember):
    def __init__(self, weights):
        super().__init__(weights)
        self.layer0 = GraphLayer(weights, "layer0")
        self.layer1 = GraphLayer(weights, "layer1")
        load(self, weights)

    def inputs(self, batch):
        made = super().inputs(batch)
        nodes = made["x"].shape[0]
        places = torch.stack([made.pop("target"), made.pop("source")])
        # Measured beside CSR and beside gather + index_add_: the fastest of the three.
        made["adjacency"] = torch.sparse_coo_tensor(places, made.pop("weight"), (nodes, nodes)).coalesce()
        return made

    def forward(self, inputs):
        h = F.relu(self.layer0(inputs["x"], inputs["adjacency"]))
        return {"logits": self.layer1(h, inputs["adjacency"])}


class AttentionLayer(nn.Module):
    def __init__(self, weights, name):
        super().__init__()
        for leaf, attribute in [("kernel", "weight"), ("source", "source"), ("target", "target"), ("bias", "bias")]:
            setattr(self, attribute, nn.Parameter(torch.empty(weights[f"{name}/{leaf}"].shape)))

    def forward(self, h, source, target):
        wide = (h @ self.weight).view(h.shape[0], *self.source.shape)
        score = F.leaky_relu((wide * self.source).sum(2)[source] + (wide * self.target).sum(2)[target], 0.2)
        share = edge_softmax(score, target, h.shape[0])
        passed = torch.zeros_like(wide).index_add(0, target, wide[source] * share[:, :, None])
        return passed.flatten(1) + self.bias


def edge_softmax(score, target, nodes):
    """Softmax of [edges, heads] over the edges that share a target."""
    places = target[:, None].expand_as(score)
    top = torch.full((nodes, score.shape[1]), -torch.inf, dtype=score.dtype)
    top = top.scatter_reduce(0, places, score.detach(), "amax")
    e = (score - top[target]).exp()
    return e / torch.zeros_like(top).index_add(0, target, e)[target]


class Gat(GraphMember):
    def __init__(self, weights):
        super().__init__(weights)
        self.layer0 = AttentionLayer(weights, "layer0")
        self.layer1 = AttentionLayer(weights, "layer1")
        load(self, weights)

    def forward(self, inputs):
        source, target = inputs["source"], inputs["target"]
        return {"logits": self.layer1(F.elu(self.layer0(inputs["x"], source, target)), source, target)}


MEMBERS = {"tdnn": Tdnn, "transformer": Transformer, "gcn": Gcn, "gat": Gat}
