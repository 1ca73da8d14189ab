"""Training: next-token prediction of the teacher's update after the position it was made at."""

import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.data import Batches, walked_positions
from hotmess_inspect.experiments.optimizer.model import Decoder, forward_flops, shape_of
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.io.writing import replacing

require("torch", extra="optimizer", purpose="Training")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the weights, together with the seed.

    The defaults for trajectories, held-out share, batch and steps are the paper's.

    Attributes:
        problem: What is imitated.
        size: Name of a shape in ``SIZES``.
        trajectories: Teacher's trajectories, held-out ones included.
        trajectory_steps: Updates in each.
        held_out: Share of the trajectories kept for the held-out loss, above 0 and below 1.
        batch: Sequences per optimizer step.
        steps: Optimizer steps.
        learning_rate: Peak of AdamW's rate at width 64; other widths scale it by sqrt(64 / width).
        warmup: Steps of linear warm-up, then a cosine to zero.
        weight_decay: AdamW's, on matrices.
        evaluate_every: Steps between held-out losses; one is also taken at the end.
        held_out_sequences: Sequences behind each held-out loss, always the same ones.
    """

    problem: ProblemConfig = field(default_factory=ProblemConfig)
    size: str = "50k"
    trajectories: int = 20_000
    trajectory_steps: int = 4_096
    held_out: float = 0.1
    batch: int = 1_024
    steps: int = 65_000
    learning_rate: float = 3e-3
    warmup: int = 500
    weight_decay: float = 0.01
    evaluate_every: int = 1_000
    held_out_sequences: int = 4_096

    def __post_init__(self) -> None:
        shape_of(self.size)
        for name in ("trajectory_steps", "batch", "steps", "evaluate_every", "held_out_sequences"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 1 <= self.held_out_trajectories < self.trajectories:
            raise ValueError(
                f"held_out={self.held_out} of trajectories={self.trajectories} must leave some on either side"
            )

    @property
    def held_out_trajectories(self) -> int:
        """How many trajectories are never trained on."""
        return round(self.held_out * self.trajectories)

    @property
    def flops_per_sequence(self) -> int:
        """Forward and backward, three times the forward of all places but the last."""
        return 3 * forward_flops(shape_of(self.size), range(self.problem.context - 1))

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        peak = self.learning_rate * float(np.sqrt(64 / shape_of(self.size).width))
        if step < self.warmup:
            return peak * (step + 1) / self.warmup
        done = (step - self.warmup) / max(self.steps - self.warmup, 1)
        return float(peak * 0.5 * (1 + np.cos(np.pi * done)))


@dataclass(frozen=True)
class Progress:
    """What is known at an evaluation.

    Attributes:
        step: Optimizer steps done.
        train_loss: Mean over the steps since the last evaluation, nats per token of the update.
        held_out_loss: On trajectories never trained on, same unit.
        tokens_per_second: Training throughput since the last evaluation, positions included.
    """

    step: int
    train_loss: float
    held_out_loss: float
    tokens_per_second: float


@dataclass(frozen=True)
class TrainResult:
    """A trained model and how it came to be.

    Attributes:
        model: In evaluation mode, on the training device.
        config: As trained.
        seeds: Of the trajectories, of the order and of the weights.
        history: One entry per evaluation.
        wall_seconds: Of the training loop, over all resumed parts.
        cpu_seconds: Likewise, process time.
    """

    model: Decoder
    config: TrainConfig
    seeds: tuple[int, int, int]
    history: tuple[Progress, ...]
    wall_seconds: float
    cpu_seconds: float

    @property
    def held_out_loss(self) -> float:
        """At the end, nats per token of the update."""
        return self.history[-1].held_out_loss

    @property
    def tokens_per_second(self) -> float:
        """Over the whole training."""
        return self.config.steps * self.config.batch * self.config.problem.context / self.wall_seconds


def pick_device(device: str = "auto") -> torch.device:
    """The device of this name; ``"auto"`` is a GPU where there is one."""
    if device != "auto":
        return torch.device(device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """On a CPU compute on a single thread meanwhile.

    Matrices of these widths gain nothing from more, and where others use the machine too, threads that wait for each
    other made a roll-out six times slower.
    """
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def update_loss(model: Callable[[Tensor], Tensor], tokens: Tensor, position_tokens: int) -> Tensor:
    """Cross-entropy of the update's tokens given the position's and the update's earlier ones, nats per token.

    The position's own tokens carry no loss: nothing predicts where a random start lies.
    """
    logits = model(tokens[:, :-1])[:, position_tokens - 1 :]
    return F.cross_entropy(logits.flatten(0, 1).float(), tokens[:, position_tokens:].flatten())


def train(
    config: TrainConfig,
    rng: np.random.Generator,
    *,
    device: str = "auto",
    checkpoint: Path | None = None,
    data_dir: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TrainResult:
    """Train one model.

    The same configuration and generator state give the same weights on the same machine, stopped and resumed or
    not: every batch has a generator of its own, named by the step.

    Args:
        config: What to train.
        rng: Source of the seeds.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...; on CUDA in bfloat16 and compiled.
        checkpoint: File to resume from where it exists, written at every evaluation; None keeps nothing.
        data_dir: Folder for the trajectories, see :func:`walked_positions`.
        progress: Called at every evaluation.

    Returns:
        The model and its record.

    Raises:
        ValueError: If the checkpoint is of another configuration or seed.
    """
    seeds = tuple(int(seed) for seed in rng.integers(2**31, size=3))
    run = _Run(config, (seeds[0], seeds[1], seeds[2]), pick_device(device), data_dir)
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
    while run.step < config.steps:
        reached = run.advance(min(config.evaluate_every, config.steps - run.step))
        if checkpoint is not None:
            run.save(checkpoint)
        if progress is not None:
            progress(reached)
    return run.result()


class _Run:
    """A training under way: all that a checkpoint holds."""

    def __init__(
        self, config: TrainConfig, seeds: tuple[int, int, int], device: torch.device, data_dir: Path | None
    ) -> None:
        self.config, self.seeds, self.device = config, seeds, device
        walked = walked_positions(
            config.problem, config.trajectories, config.trajectory_steps, seeds[0], data_dir
        )
        kept_out = config.held_out_trajectories
        self.batches = Batches(config.problem, walked[kept_out:], device)
        self.held_out = Batches(config.problem, walked[:kept_out], device).draw(
            config.held_out_sequences, np.random.default_rng((seeds[1], 0))
        )
        self.model = Decoder(shape_of(config.size), config.problem.context)
        self.model.initialise(torch.Generator().manual_seed(seeds[2]))
        self.model.to(device)
        self.compiled: Callable[[Tensor], Tensor] = (
            torch.compile(self.model) if device.type == "cuda" else self.model
        )
        matrices = [weight for weight in self.model.parameters() if weight.ndim > 1]
        gains = [weight for weight in self.model.parameters() if weight.ndim == 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.weight_decay},
                {"params": gains, "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
            fused=True,
        )
        self.step = 0
        self.history: list[Progress] = []
        self.wall_seconds = self.cpu_seconds = 0.0

    def advance(self, steps: int) -> Progress:
        """Train for so many steps, then evaluate."""
        config, losses = self.config, []
        with self.timed() as elapsed:
            for step in range(self.step, self.step + steps):
                # Step 0's name is taken by the held-out sequences.
                tokens = self.batches.draw(config.batch, np.random.default_rng((self.seeds[1], step + 1)))
                for group in self.optimizer.param_groups:
                    group["lr"] = config.rate(step)
                self.optimizer.zero_grad(set_to_none=True)
                with self.autocast():
                    loss = update_loss(self.compiled, tokens, config.problem.position_tokens)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
                losses.append(loss.detach())
            train_loss = float(torch.stack(losses).mean())
        self.step += steps
        rate = steps * config.batch * config.problem.context / elapsed[0]
        self.history.append(Progress(self.step, train_loss, self.evaluate(), rate))
        return self.history[-1]

    @torch.no_grad()
    def evaluate(self) -> float:
        """Held-out loss, in full precision."""
        chunks = torch.split(self.held_out, self.config.batch)
        losses = [
            update_loss(self.model, chunk, self.config.problem.position_tokens) * len(chunk)
            for chunk in chunks
        ]
        return float(torch.stack(losses).sum() / len(self.held_out))

    @contextmanager
    def timed(self) -> Iterator[list[float]]:
        """Add up wall and CPU time; the list receives the wall time."""
        wall, cpu, elapsed = time.perf_counter(), time.process_time(), [0.0]
        yield elapsed
        elapsed[0] = time.perf_counter() - wall
        self.wall_seconds += elapsed[0]
        self.cpu_seconds += time.process_time() - cpu

    def autocast(self) -> torch.autocast:
        """bfloat16 on CUDA, nothing elsewhere."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda")

    def identity(self) -> str:
        """What has to agree for a checkpoint to be continued."""
        return repr((self.config, self.seeds))

    def save(self, path: Path) -> None:
        """Write the checkpoint; the old one stays until the new one is whole."""
        state = {
            "identity": self.identity(),
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": [asdict(entry) for entry in self.history],
            "seconds": [self.wall_seconds, self.cpu_seconds],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(str(path), "checkpoint") as part:
            torch.save(state, part)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same run."""
        try:
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            identity = state["identity"]
        except (RuntimeError, EOFError, KeyError, TypeError, UnpicklingError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is no checkpoint of a training; remove it to begin anew") from error
        if identity != self.identity():
            raise ValueError(
                f"checkpoint {path} is of another run: {state['identity']}, not {self.identity()}"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.history = [Progress(**entry) for entry in state["history"]]
        self.wall_seconds, self.cpu_seconds = state["seconds"]

    def result(self) -> TrainResult:
        """The record of a finished run."""
        self.model.eval()
        return TrainResult(
            self.model, self.config, self.seeds, tuple(self.history), self.wall_seconds, self.cpu_seconds
        )
