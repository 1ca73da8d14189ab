"""What is imitated, as plain values that travel with every checkpoint."""

import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hotmess_inspect.experiments.optimizer.quadratic import Schedule, Teacher, random_quadratic
from hotmess_inspect.experiments.optimizer.tokens import NumberFormat


@dataclass(frozen=True)
class ProblemConfig:
    """What is imitated: the surface, the teacher, the starts and the way numbers are written.

    The defaults are the paper's where it gives them (dimension, condition number, step norm, precision); the cubes of
    the starts, the minimum's place and the seed are ours. Roll-outs start from a cube beside the minimum, so that they come
    from one side and a model that errs in one direction is biased: about a minimum in the middle the errors of
    different starts would cancel. Training starts from a cube around both, or a model that overshoots would stand where it
    was never taught.

    Attributes:
        dims: Dimensions of a position.
        condition_number: Largest over smallest eigenvalue of A.
        step_norm: Length of the teacher's steps.
        schedule: How that length changes, see :class:`Teacher`.
        half_life: For the schedule ``"harmonic"``.
        train_half_width: The trajectories to learn from start uniformly in a cube of this half width, above 0, below 10.
        start_half_width: Roll-outs start uniformly in a cube of this half width, above 0, below 10.
        minimum_distance: Of the minimum from the origin; with the starts it has to stay below 10 in each coordinate.
        precision: Mantissa digits after the first.
        seed: Of the surface.
    """

    dims: int = 4
    condition_number: float = 50.0
    step_norm: float = 0.005
    schedule: Schedule = "fixed"
    half_life: float = 512.0
    train_half_width: float = 6.0
    start_half_width: float = 2.0
    minimum_distance: float = 5.0
    precision: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("train_half_width", "start_half_width"):
            if not 0 < getattr(self, name) < 10:
                raise ValueError(f"{name} must be above 0 and below 10, not {getattr(self, name)}")

    @property
    def number(self) -> NumberFormat:
        """The way numbers are written."""
        return NumberFormat(self.precision)

    @property
    def context(self) -> int:
        """Tokens in a sequence, position and update together."""
        return 2 * self.position_tokens

    @property
    def position_tokens(self) -> int:
        """Tokens in a position, and as many in an update."""
        return self.dims * self.number.tokens_per_number

    def teacher(self) -> Teacher:
        """The surface of this seed and who walks on it."""
        return _teacher(self)


@lru_cache(maxsize=16)
def _teacher(problem: ProblemConfig) -> Teacher:
    surface = random_quadratic(
        problem.dims,
        problem.condition_number,
        np.random.default_rng(problem.seed),
        minimum_distance=problem.minimum_distance,
    )
    return Teacher(surface, problem.step_norm, problem.schedule, problem.half_life)


def fingerprint(problem: ProblemConfig) -> str:
    """Sixteen hexadecimal digits that name a problem, equal in every process."""
    return sha256(repr(problem).encode()).hexdigest()[:16]


# The paper's condition number in two dimensions, with longer steps and one mantissa digit less: 24 tokens instead of 56
# in a sequence, and 300 steps instead of 2,048 to the bottom of the valley.
LAPTOP_PROBLEM = ProblemConfig(
    dims=2,
    step_norm=0.02,
    train_half_width=3.0,
    start_half_width=1.0,
    minimum_distance=2.0,
    precision=3,
    seed=1,
)

# Models that come with the package.
BUNDLED = Path(__file__).parent / "trained_set"
FORMAT = 1


OTHER_SURFACE = (
    "A trained model answers about the surface that it was trained on: -T checkpoint=FILE asks about that of a "
    "checkpoint, and -M checkpoint=FILE lets it answer"
)


def missing_checkpoint(path: object) -> str:
    """What to say where a trained model is not there, and how it comes to be."""
    return (
        f"there is no trained model {path}: `hotmess optimizer train --preset laptop-4d --out small` makes four sizes in four "
        "dimensions on a laptop (then checkpoint=small/50k.npz), --preset paper the paper's six on a GPU; without a checkpoint "
        "the bundled models of two dimensions are used"
    )


def read_about(path: Path) -> dict[str, Any]:
    """What a trained model's file says of itself: ``size``, ``problem``, ``provenance``; needs no torch.

    Raises:
        ValueError: If the file is no trained optimizer, or of a newer format.
        FileNotFoundError: If there is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            about: dict[str, Any] = json.loads(str(file["about"]))
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}, and this version reads {FORMAT}")
        ProblemConfig(**about["problem"])
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no trained optimizer: {error}") from error
    return about


def trained_files(folder: Path) -> list[Path]:
    """The trained models of a folder, smallest first.

    Raises:
        ValueError: If there is none.
    """
    files = sorted(folder.glob("*.npz"), key=lambda path: (path.stat().st_size, path.name))
    if not files:
        raise ValueError(f"no trained optimizer (*.npz) in {folder}")
    return files
