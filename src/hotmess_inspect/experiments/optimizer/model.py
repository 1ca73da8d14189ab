"""A plain decoder: RMSNorm before every block, causal attention, squared ReLU, learned positions.

Positions are learned and not rotary because every token of a sequence has a fixed role (the sign of the second
coordinate, the third digit of the first update, ...), which an embedding of the place names directly. The squared ReLU (So et al. 2021, arXiv 2109.08668) learns as GELU does and
saves its exponential, which at these widths costs as much as the matrices.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.tokens import SYMBOLS

require("torch", extra="optimizer", purpose="A transformer that imitates steepest descent")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class DecoderShape:
    """Depth and width of a decoder.

    Attributes:
        layers: Number of blocks.
        width: Size of the residual stream, a multiple of ``heads``.
        heads: Attention heads.
    """

    layers: int
    width: int
    heads: int

    def __post_init__(self) -> None:
        if min(self.layers, self.width, self.heads) < 1 or self.width % self.heads:
            raise ValueError(
                f"layers, width and heads must be positive and width a multiple of heads, not {self}"
            )


# The paper gives numbers of parameters (50K, 200K, 450K, 790K, 1.2M, 4.7M); the shapes are ours, after
# 12 * layers * width^2, which meets all six.
SIZES: dict[str, DecoderShape] = {
    "3k": DecoderShape(1, 16, 1),
    "12k": DecoderShape(1, 32, 2),
    "25k": DecoderShape(2, 32, 2),
    "50k": DecoderShape(4, 32, 2),
    "100k": DecoderShape(2, 64, 2),
    "200k": DecoderShape(4, 64, 2),
    "450k": DecoderShape(4, 96, 3),
    "790k": DecoderShape(4, 128, 4),
    "1.2m": DecoderShape(6, 128, 4),
    "4.7m": DecoderShape(6, 256, 8),
}


def shape_of(size: str) -> DecoderShape:
    """The shape with this name.

    Raises:
        ValueError: If there is none; the message lists the names.
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, not {size!r}")
    return SIZES[size]


@dataclass
class LayerCache:
    """Keys and values of one block for the tokens seen so far, each (batch, heads, context, width / heads)."""

    keys: Tensor
    values: Tensor


class Attention(nn.Module):
    """Causal multi-head attention, with or without a cache of what was seen before."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, cache: LayerCache | None = None, at: int = 0) -> Tensor:
        """Attend from the tokens ``at, at + 1, ...`` to all up to their own."""
        batch, time, width = x.shape
        # (3, batch, heads, time, width / heads)
        q, k, v = self.qkv(x).view(batch, time, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if cache is not None:
            cache.keys[:, :, at : at + time] = k
            cache.values[:, :, at : at + time] = v
            k, v = cache.keys[:, :, : at + time], cache.values[:, :, : at + time]
        if time == 1:
            y = attend_once(q, k, v)
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        mixed: Tensor = self.out(y.transpose(1, 2).reshape(batch, time, width))
        return mixed


def attend_once(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of a single query per head, which sees every key; (batch, heads, 1, width / heads).

    Two batched products: the fused kernels are built for many queries and are slower than this on one.
    """
    weights = torch.softmax((q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5, dim=-1)
    return weights @ v


class Block(nn.Module):
    """Attention and a two-layer perceptron, each behind its norm and added to the stream."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.width, eps=1e-6)
        self.attention = Attention(shape)
        self.mlp_norm = nn.RMSNorm(shape.width, eps=1e-6)
        self.up = nn.Linear(shape.width, 4 * shape.width, bias=False)
        self.down = nn.Linear(4 * shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, cache: LayerCache | None = None, at: int = 0) -> Tensor:
        """One layer; (batch, time, width) to the same."""
        x = x + self.attention(self.attention_norm(x), cache, at)
        widened = F.relu(self.up(self.mlp_norm(x))).square()
        added: Tensor = x + self.down(widened)
        return added


class Decoder(nn.Module):
    """Next-token model over the twelve symbols.

    Args:
        shape: Depth and width.
        context: Longest sequence, in tokens.
    """

    def __init__(self, shape: DecoderShape, context: int) -> None:
        super().__init__()
        self.shape, self.context = shape, context
        self.symbols = nn.Embedding(len(SYMBOLS), shape.width)
        self.places = nn.Embedding(context, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=1e-6)
        self.head = nn.Linear(shape.width, len(SYMBOLS), bias=False)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights: each matrix with variance 1 / inputs, those that write to the stream smaller."""
        for name, weight in self.named_parameters():
            if weight.ndim == 1:
                nn.init.ones_(weight)
                continue
            scale = 0.5 if name.endswith(("symbols.weight", "places.weight")) else weight.shape[1] ** -0.5
            if name.endswith(("attention.out.weight", "down.weight")):
                scale /= math.sqrt(2 * self.shape.layers)
            nn.init.normal_(weight, std=scale, generator=generator)

    def hidden(self, tokens: Tensor, cache: "Sequence[LayerCache] | None" = None, at: int = 0) -> Tensor:
        """Run the blocks over tokens that stand at the places ``at, at + 1, ...``.

        Args:
            tokens: Ids below 12, (batch, time).
            cache: Where earlier tokens left their keys and values, and where these leave theirs. Several tokens at
                once only at place 0.
            at: Place of the first token.

        Returns:
            The normed stream, (batch, time, width).
        """
        if at and tokens.shape[1] > 1:
            raise ValueError(f"at place {at} > 0 tokens come one by one, not {tokens.shape[1]} together")
        x = self.symbols(tokens) + self.places.weight[at : at + tokens.shape[1]]
        for index, block in enumerate(self.blocks):
            x = block(x, None if cache is None else cache[index], at)
        normed: Tensor = self.norm(x)
        return normed

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token after each; (batch, time) to (batch, time, 12)."""
        logits: Tensor = self.head(self.hidden(tokens))
        return logits

    def new_cache(self, batch: int, dtype: torch.dtype | None = None) -> list[LayerCache]:
        """Empty caches for every block."""
        weight = self.head.weight
        size = (batch, self.shape.heads, self.context, self.shape.width // self.shape.heads)

        def empty() -> Tensor:
            return torch.zeros(size, dtype=dtype or weight.dtype, device=weight.device)

        return [LayerCache(empty(), empty()) for _ in self.blocks]

    @property
    def parameter_count(self) -> int:
        """Number of trained weights, embeddings included."""
        return sum(weight.numel() for weight in self.parameters())


def forward_flops(shape: DecoderShape, places: "Sequence[int]") -> int:
    """Multiply-adds, times two, to run one token at each of these places.

    Matrices 12 * layers * width^2 and head, and attention over the tokens up to each place; norms, softmax and
    activations are left out, as is usual.
    """
    matrices = 12 * shape.layers * shape.width**2 + len(SYMBOLS) * shape.width
    seen = sum(place + 1 for place in places)
    return 2 * (matrices * len(places) + 2 * shape.layers * shape.width * seen)
