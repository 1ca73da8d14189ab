"""What is imitated, as plain values that travel with every checkpoint."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from hotmess_inspect.optimizer.quadratic import Schedule, Teacher, random_quadratic
from hotmess_inspect.optimizer.tokens import NumberFormat


@dataclass(frozen=True)
class ProblemConfig:
    """What is imitated: the surface, the teacher, the starts and the way numbers are written.

    The defaults are the paper's where it gives them (dimension, condition number, step norm, precision); the cube of
    the starts, the minimum's place and the seed are ours.

    Attributes:
        dims: Dimensions of a position.
        condition_number: Largest over smallest eigenvalue of A.
        step_norm: Length of the teacher's steps.
        schedule: How that length changes, see :class:`Teacher`.
        half_life: For the schedule ``"harmonic"``.
        start_half_width: Starts are uniform in a cube of this half width, above 0 and below 10.
        precision: Mantissa digits after the first.
        seed: Of the surface.
    """

    dims: int = 4
    condition_number: float = 50.0
    step_norm: float = 0.005
    schedule: Schedule = "fixed"
    half_life: float = 512.0
    start_half_width: float = 5.0
    precision: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.start_half_width < 10:
            raise ValueError(f"start_half_width must be above 0 and below 10, not {self.start_half_width}")

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
        surface = random_quadratic(self.dims, self.condition_number, np.random.default_rng(self.seed))
        return Teacher(surface, self.step_norm, self.schedule, self.half_life)


def fingerprint(problem: ProblemConfig) -> str:
    """Sixteen hexadecimal digits that name a problem, equal in every process."""
    return sha256(repr(problem).encode()).hexdigest()[:16]
