"""Roll-outs: the trained model walks on its own updates, thousands of starts at once.

Every step is Markovian: the position is written in tokens, the model writes an update of which only symbols that
may stand at their place are admitted, both are read as integers and added, and the sum is written again. Nothing else is
carried from one step to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.device_tokens import DeviceFormat
from hotmess_inspect.experiments.optimizer.model import Decoder, LayerCache
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.experiments.optimizer.quadratic import FloatArray
from hotmess_inspect.experiments.optimizer.steps import recorded_steps
from hotmess_inspect.experiments.optimizer.tokens import MINUS

require("torch", extra="optimizer", purpose="Rolling out")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

# Bytes of keys and values that one chunk of starts may hold on a CPU: they are read again for every token, so they
# have to stay in a core's share of the last-level cache.
CPU_CACHE_BYTES = 8 * 2**20
NOISE_BLOCK = 64


@dataclass(frozen=True)
class Rollout:
    """Walks of a model.

    Attributes:
        points: Positions at ``steps``, shape (starts, recorded, dims).
        steps: Number of updates made before each recorded position, ascending from 0, shape (recorded,).
        saturated: Starts that at some time left the range that the format can write (10 in a coordinate).
    """

    points: FloatArray
    steps: NDArray[np.int64]
    saturated: int


class Stepper:
    """One Markovian step for a fixed number of starts, with everything allocated beforehand.

    Args:
        model: The decoder.
        problem: What it imitates.
        batch: Starts that walk together.
    """

    def __init__(self, model: Decoder, problem: ProblemConfig, batch: int) -> None:
        device = model.head.weight.device
        self.model, self.problem = model, problem
        self.format = DeviceFormat(problem.number, device)
        self.cache: list[LayerCache] = model.new_cache(batch)
        # At a place that admits only some symbols, only their rows of the head are multiplied.
        self.sign_head = model.head.weight[MINUS:].T.contiguous()
        self.digit_head = model.head.weight[:MINUS].T.contiguous()

    def propose(self, position: Tensor, temperature: float, noise: Tensor | None) -> Tensor:
        """Write an update for each position.

        Args:
            position: Tokens, (batch, position_tokens).
            temperature: 0 for the likeliest symbol, above 0 to draw.
            noise: Uniform numbers in [0, 1), (batch, position_tokens), one per symbol drawn.

        Returns:
            Tokens of the update, (batch, position_tokens).
        """
        length = self.problem.position_tokens
        written: list[Tensor] = []
        stream = self.model.hidden(position, self.cache)[:, -1]
        for place in range(length):
            is_sign = place % self.problem.number.tokens_per_number == 0
            logits = stream @ (self.sign_head if is_sign else self.digit_head)
            uniform = None if noise is None else noise[:, place]
            written.append(choose(logits, temperature, uniform) + (MINUS if is_sign else 0))
            if place + 1 < length:
                stream = self.model.hidden(written[-1][:, None], self.cache, length + place)[:, 0]
        return torch.stack(written, dim=1)

    def step(self, units: Tensor, temperature: float, noise: Tensor | None) -> Tensor:
        """Positions after one more update, rounded to what can be written; int64 units, (batch, dims)."""
        update = self.propose(self.format.encode_units(units), temperature, noise)
        moved = units + self.format.decode_units(update)
        return self.format.decode_units(self.format.encode_units(moved))


def choose(logits: Tensor, temperature: float, uniform: Tensor | None) -> Tensor:
    """One symbol per row: the likeliest, or the one whose cumulative probability first exceeds the uniform number."""
    if temperature == 0 or uniform is None:
        return logits.argmax(dim=-1)
    cumulative = torch.softmax(logits.float() / temperature, dim=-1).cumsum(dim=-1)
    below = (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(dim=-1)
    return below.clamp(max=logits.shape[-1] - 1)


def chunk_size(model: Decoder, starts: int) -> int:
    """How many starts to walk together: all on a GPU, on a CPU as many as keep their caches near the core."""
    if model.head.weight.device.type != "cpu":
        return starts
    per_start = 2 * 4 * model.shape.layers * model.shape.width * model.context
    return min(starts, max(64, CPU_CACHE_BYTES // per_start))


@torch.inference_mode()
def rollout(
    model: Decoder,
    problem: ProblemConfig,
    starts: FloatArray,
    steps: int,
    *,
    temperature: float = 0.0,
    seeds: Sequence[int] | None = None,
    record_every: int = 1,
) -> Rollout:
    """Walk from every start.

    Args:
        model: The decoder, on its device.
        problem: What it imitates.
        starts: Positions, (starts, dims), rounded first to what can be written.
        steps: Updates to make, at least 1.
        temperature: 0 is greedy; above 0 every symbol is drawn from softmax(logits / temperature).
        seeds: One per start, needed above temperature 0: a walk depends on its start and seed alone.
        record_every: Keep every so many positions; the first and the last are always kept.

    Returns:
        The walks, in the order of the starts.

    Raises:
        ValueError: If an argument is outside its range, or seeds are missing.
    """
    kept = recorded_steps(steps, record_every)
    if starts.ndim != 2 or starts.shape[1] != problem.dims:
        raise ValueError(f"starts must be (starts, {problem.dims}), not {starts.shape}")
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0, not {temperature}")
    if temperature > 0 and (seeds is None or len(seeds) != len(starts)):
        raise ValueError(f"above temperature 0 each of the {len(starts)} starts needs a seed")
    number = problem.number
    units = number.decode_units(number.encode(starts))
    walked = np.empty((len(starts), len(kept), problem.dims), dtype=np.int64)
    size = chunk_size(model, len(starts))
    stepper: Stepper | None = None
    for at in range(0, len(starts), size):
        chunk = slice(at, min(at + size, len(starts)))
        if stepper is None or chunk.stop - chunk.start != size:
            stepper = Stepper(model, problem, chunk.stop - chunk.start)
        noise = None if temperature == 0 or seeds is None else Noise(seeds[chunk], problem.position_tokens)
        walked[chunk] = _walk(stepper, units[chunk], kept, temperature, noise)
    saturated = int((np.abs(walked) >= number.largest_units).any(axis=(1, 2)).sum())
    return Rollout(number.from_units(walked), kept, saturated)


class Noise:
    """Uniform numbers for the symbols of every step, from one generator per start.

    Args:
        seeds: One per start.
        per_step: Numbers that a start needs at each step.
    """

    def __init__(self, seeds: Sequence[int], per_step: int) -> None:
        self.generators = [np.random.default_rng(seed) for seed in seeds]
        self.block = np.empty((len(seeds), NOISE_BLOCK, per_step), dtype=np.float32)

    def at(self, step: int, device: torch.device) -> Tensor:
        """Numbers of the steps 0, 1, ... asked for in this order; (starts, per_step)."""
        if step % NOISE_BLOCK == 0:
            for generator, block in zip(self.generators, self.block, strict=True):
                generator.random(out=block, dtype=np.float32)
        return torch.as_tensor(self.block[:, step % NOISE_BLOCK]).to(device)


def _walk(
    stepper: Stepper,
    start: NDArray[np.int64],
    kept: NDArray[np.int64],
    temperature: float,
    noise: Noise | None,
) -> NDArray[np.int64]:
    """Walk one chunk and return the positions at the kept steps, (starts, recorded, dims)."""
    device = stepper.model.head.weight.device
    units = torch.as_tensor(start).to(device)
    walked = [units]
    wanted = set(kept.tolist())
    for step in range(int(kept[-1])):
        units = stepper.step(units, temperature, None if noise is None else noise.at(step, device))
        if step + 1 in wanted:
            walked.append(units)
    return torch.stack(walked, dim=1).cpu().numpy()


@torch.inference_mode()
def propose_updates(
    model: Decoder,
    problem: ProblemConfig,
    units: NDArray[np.int64],
    temperature: float,
    noise: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Updates for single positions, as a roll-out's next step would write them.

    Args:
        model: The decoder, on its device.
        problem: What it imitates.
        units: Positions as counts of units, (batch, dims).
        temperature: 0 is greedy.
        noise: Uniform numbers in [0, 1), (batch, position_tokens).

    Returns:
        Tokens, (batch, position_tokens).
    """
    device = model.head.weight.device
    stepper = Stepper(model, problem, len(units))
    position = stepper.format.encode_units(torch.as_tensor(units).to(device))
    update = stepper.propose(position, temperature, torch.as_tensor(noise).to(device))
    return update.cpu().numpy().astype(np.uint8)
