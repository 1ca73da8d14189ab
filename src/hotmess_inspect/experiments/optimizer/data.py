"""Sequences to learn from: positions on the teacher's trajectories, and the updates made there."""

from pathlib import Path

import numpy as np

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.device_tokens import DeviceFormat
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig, fingerprint
from hotmess_inspect.experiments.optimizer.quadratic import FloatArray, random_starts, trajectories
from hotmess_inspect.io.writing import replacing

require("torch", extra="optimizer", purpose="Making batches to train on")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402


def walked_positions(
    problem: ProblemConfig, count: int, steps: int, seed: int, cache_dir: Path | None = None
) -> FloatArray:
    """The teacher's trajectories to learn from, drawn anew or read from disk.

    Args:
        problem: What is walked on.
        count: Number of trajectories.
        steps: Updates in each.
        seed: Of the starts.
        cache_dir: Folder where they are kept, memory-mapped when read again; None keeps nothing.

    Returns:
        Positions before the first and after every update, shape (count, steps + 1, dims).
    """
    path = (
        None if cache_dir is None else cache_dir / f"walk-{count}x{steps}-{seed}-{fingerprint(problem)}.npy"
    )
    if path is not None and path.exists():
        kept: FloatArray = np.load(path, mmap_mode="c")
        return kept
    starts = random_starts(count, problem.dims, problem.train_half_width, np.random.default_rng(seed))
    walked = trajectories(problem.teacher(), starts, steps)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The sizes of a study may write the same trajectories at the same time.
        with replacing(str(path), "NumPy") as part, open(part, "wb") as file:
            np.save(file, walked)
    return walked


class Batches:
    """Random (position, update) pairs of some trajectories, as tokens.

    Args:
        problem: What is imitated.
        walked: Positions, shape (trajectories, steps + 1, dims).
        device: Where the positions are kept and the tokens made.
    """

    def __init__(self, problem: ProblemConfig, walked: FloatArray, device: torch.device) -> None:
        self.walked = torch.as_tensor(walked, device=device)
        self.format = DeviceFormat(problem.number, device)

    def draw(self, count: int, rng: np.random.Generator) -> Tensor:
        """Tokens of position and update, each pair with the same chance; (count, context), int64."""
        trajectories, positions, _ = self.walked.shape
        picked = np.stack([rng.integers(trajectories, size=count), rng.integers(positions - 1, size=count)])
        trajectory, step = torch.as_tensor(picked).to(self.walked.device, non_blocking=True)
        x = self.walked[trajectory, step]
        pair = torch.cat([x, self.walked[trajectory, step + 1] - x], dim=-1)
        return self.format.encode_units(self.format.to_units(pair))
