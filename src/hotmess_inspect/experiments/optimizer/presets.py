"""Whole studies by name: which sizes to train, on what, for how long, and how to roll them out."""

from dataclasses import dataclass, replace

from hotmess_inspect.experiments.optimizer.model import forward_flops, shape_of
from hotmess_inspect.experiments.optimizer.problem import LAPTOP_PROBLEM, ProblemConfig
from hotmess_inspect.experiments.optimizer.train import TrainConfig


@dataclass(frozen=True)
class Walks:
    """How trained models are rolled out.

    Attributes:
        starts: Walks of the decomposition over starts, greedy.
        steps: Updates in every walk.
        record_every: Keep every so many positions.
        window: Share of the last recorded steps over which scaling laws average.
        repeated_starts: Starts of the decomposition per start.
        epochs: Stochastic walks from each of them.
        temperature: Of the stochastic walks.
        seed: Of starts and draws.
    """

    starts: int = 4_096
    steps: int = 2_048
    record_every: int = 16
    window: float = 0.25
    repeated_starts: int = 64
    epochs: int = 30
    temperature: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.starts, self.epochs) < 2 or self.repeated_starts < 1:
            raise ValueError(
                f"starts and epochs must be at least 2 and repeated_starts at least 1, not {self}"
            )
        if not 0 < self.window <= 1 or not self.temperature > 0:
            raise ValueError(f"window must be in (0, 1] and temperature positive, not {self}")


@dataclass(frozen=True)
class Preset:
    """A study.

    Attributes:
        training: Configuration of every size; its own ``size`` is replaced.
        sizes: Names in ``SIZES``.
        walks: How the trained models are rolled out.
    """

    training: TrainConfig
    sizes: tuple[str, ...]
    walks: Walks

    def config(self, size: str) -> TrainConfig:
        """The training of one size."""
        return replace(self.training, size=size)


PRESETS = {
    "tiny": Preset(
        TrainConfig(
            ProblemConfig(
                dims=2,
                condition_number=5.0,
                step_norm=0.1,
                train_half_width=2.5,
                start_half_width=1.0,
                minimum_distance=1.5,
                precision=2,
            ),
            trajectories=200,
            trajectory_steps=64,
            batch=128,
            steps=150,
            warmup=20,
            evaluate_every=75,
            held_out_sequences=512,
        ),
        ("3k", "12k"),
        Walks(starts=64, steps=48, record_every=4, repeated_starts=4, epochs=4),
    ),
    "laptop": Preset(
        TrainConfig(
            LAPTOP_PROBLEM,
            trajectories=2_000,
            trajectory_steps=256,
            batch=64,
            steps=4_000,
            warmup=100,
            evaluate_every=1_000,
        ),
        ("3k", "12k", "25k", "50k"),
        Walks(starts=512, steps=300, record_every=10, repeated_starts=16, epochs=16),
    ),
    # The paper's dimensions and condition number, with the laptop's steps and digits.
    "laptop-4d": Preset(
        TrainConfig(
            replace(LAPTOP_PROBLEM, dims=4),
            trajectories=4_000,
            trajectory_steps=256,
            batch=64,
            steps=5_000,
            warmup=100,
            evaluate_every=1_000,
        ),
        ("3k", "12k", "25k", "50k"),
        Walks(starts=512, steps=300, record_every=10, repeated_starts=8, epochs=16),
    ),
    "paper": Preset(
        TrainConfig(),
        ("50k", "200k", "450k", "790k", "1.2m", "4.7m"),
        Walks(),
    ),
}


def preset_of(name: str) -> Preset:
    """The study with this name.

    Raises:
        ValueError: If there is none; the message lists the names.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name]


@dataclass(frozen=True)
class Work:
    """Arithmetic that one size of a study needs, in floating-point operations."""

    size: str
    training_flops: float
    rollout_flops: float


def work(preset: Preset) -> list[Work]:
    """Count the arithmetic of a study, by size: matrices and attention, backward as two forwards."""
    amounts = []
    for size in preset.sizes:
        config, walks = preset.config(size), preset.walks
        updates = walks.steps * (walks.starts + walks.repeated_starts * walks.epochs)
        per_update = forward_flops(shape_of(size), range(config.problem.context - 1))
        amounts.append(
            Work(
                size,
                float(config.flops_per_sequence) * config.batch * config.steps,
                float(per_update) * updates,
            )
        )
    return amounts
