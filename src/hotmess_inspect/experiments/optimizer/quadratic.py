"""Ill-conditioned quadratics and the steepest-descent teachers that walk down them.

The surface is ``f(x) = 1/2 (x - b)^T A (x - b)`` (arXiv 2601.23045, App. B.4): a minimum ``b``, a symmetric
positive definite ``A`` whose condition number says how narrow the valley is, and the norm
``|z|_A^2 = z^T A z`` in which errors are measured.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Schedule = Literal["fixed", "harmonic", "tapered"]


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The surface ``1/2 (x - minimum)^T matrix (x - minimum)``.

    Attributes:
        matrix: Symmetric positive definite, shape (dims, dims).
        minimum: Where the gradient vanishes, shape (dims,).
    """

    matrix: FloatArray
    minimum: FloatArray

    def __post_init__(self) -> None:
        dims = self.minimum.shape[0] if self.minimum.ndim == 1 else -1
        if self.matrix.shape != (dims, dims):
            raise ValueError(
                f"matrix {self.matrix.shape} and minimum {self.minimum.shape} must be (dims, dims) and (dims,)"
            )
        if (
            not np.allclose(self.matrix, self.matrix.T, rtol=1e-10, atol=0)
            or np.linalg.eigvalsh(self.matrix)[0] <= 0
        ):
            raise ValueError("matrix must be symmetric and positive definite")

    @property
    def dims(self) -> int:
        """Number of coordinates of a point."""
        return int(self.minimum.shape[0])

    @cached_property
    def largest_curvature(self) -> float:
        """Largest eigenvalue of the matrix."""
        return float(np.linalg.eigvalsh(self.matrix)[-1])

    @cached_property
    def factor(self) -> FloatArray:
        """Lower Cholesky factor ``C`` with ``matrix = C C^T``, so that ``|z|_A = |C^T z|``; shape (dims, dims)."""
        factor: FloatArray = np.linalg.cholesky(self.matrix).astype(np.float64)
        return factor

    def gradient(self, points: FloatArray) -> FloatArray:
        """Gradient ``A (x - b)`` at points of shape (..., dims)."""
        # Summed row by row and not as one matrix product: BLAS may round a row differently by its place in the batch.
        slope: FloatArray = ((points - self.minimum)[..., None, :] * self.matrix).sum(axis=-1)
        return slope

    def whiten(self, points: FloatArray) -> FloatArray:
        """Coordinates ``C^T (x - b)``, in which the A-norm is the ordinary one and the minimum is 0; (..., dims)."""
        white: FloatArray = ((points - self.minimum)[..., None, :] * self.factor.T).sum(axis=-1)
        return white

    def error(self, points: FloatArray) -> FloatArray:
        """Squared distance to the minimum ``|x - b|_A^2`` (twice the value of f), shape (...)."""
        distance: FloatArray = np.square(self.whiten(points)).sum(axis=-1)
        return distance


def random_quadratic(
    dims: int, condition_number: float, rng: np.random.Generator, *, minimum_distance: float = 1.0
) -> Quadratic:
    """Draw a quadratic with a uniformly random orientation.

    The eigenvalues reach from ``1 / condition_number`` to 1 exactly; those between are log-uniform. The minimum
    lies in a uniformly random direction from the origin.

    Args:
        dims: Number of dimensions, at least 1.
        condition_number: Largest over smallest eigenvalue, at least 1 (and exactly 1 for one dimension).
        rng: Source of randomness.
        minimum_distance: Length of the minimum, at least 0.

    Returns:
        The surface; the same generator state gives the same bits.

    Raises:
        ValueError: If a parameter is outside its range.
    """
    if dims < 1:
        raise ValueError(f"dims must be at least 1, not {dims}")
    if not (np.isfinite(condition_number) and condition_number >= 1) or (dims == 1 and condition_number != 1):
        raise ValueError(
            f"condition_number must be finite and >= 1 (1 for dims=1), not {condition_number} at dims={dims}"
        )
    if not (np.isfinite(minimum_distance) and minimum_distance >= 0):
        raise ValueError(f"minimum_distance must be finite and at least 0, not {minimum_distance}")
    exponents = rng.uniform(0.0, 1.0, size=dims)
    exponents[0] = 0.0
    if dims > 1:
        exponents[-1] = 1.0
    basis, upper = np.linalg.qr(rng.standard_normal((dims, dims)))
    # QR alone is not uniform over rotations: the signs of R's diagonal have to be moved into Q (Mezzadri 2007).
    basis = basis * np.sign(np.diag(upper))
    matrix = (basis * condition_number**-exponents) @ basis.T
    direction = rng.standard_normal(dims)
    minimum = minimum_distance * direction / np.linalg.norm(direction)
    return Quadratic(matrix=(matrix + matrix.T) / 2, minimum=minimum)


@dataclass(frozen=True, eq=False)
class Teacher:
    """Steepest descent with a prescribed length of the step.

    ``u = -length * g / |g|`` with g the gradient, and for the step number t from 0

    - ``"fixed"`` (the paper's): length = step_norm. It cannot settle: near the minimum it jumps to and fro.
    - ``"harmonic"``: length = step_norm / (1 + t / half_life).
    - ``"tapered"``: length = step_norm * |g| / (|g| + step_norm * largest curvature). It settles, and as its update
      depends on the position alone, a student that sees only the position can imitate it to the end.

    At the minimum itself, where the direction is undefined, the update is 0.

    Attributes:
        quadratic: The surface.
        step_norm: Length of a step, in the units of x, positive.
        schedule: How the length changes.
        half_life: Steps after which the harmonic length is halved, positive.
    """

    quadratic: Quadratic
    step_norm: float = 0.005
    schedule: Schedule = "fixed"
    half_life: float = 512.0

    def __post_init__(self) -> None:
        if self.schedule not in get_args(Schedule):
            raise ValueError(f"schedule must be one of {get_args(Schedule)}, not {self.schedule!r}")
        for name in ("step_norm", "half_life"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and positive, not {getattr(self, name)}")

    def update(self, points: FloatArray, step: int | NDArray[np.int64] = 0) -> FloatArray:
        """The step that the teacher takes.

        Args:
            points: Positions, shape (..., dims).
            step: Number of steps taken before, a number or shape (...); matters to ``"harmonic"`` only.

        Returns:
            What to add to the positions, shape (..., dims).
        """
        gradient = self.quadratic.gradient(points)
        slope = np.sqrt(np.square(gradient).sum(axis=-1))
        length = np.full_like(slope, self.step_norm)
        if self.schedule == "harmonic":
            length = length / (1.0 + np.asarray(step) / self.half_life)
        elif self.schedule == "tapered":
            length = length * slope / (slope + self.step_norm * self.quadratic.largest_curvature)
        scale = np.divide(length, slope, out=np.zeros_like(slope), where=slope > 0)
        update: FloatArray = -scale[..., None] * gradient
        return update


def random_starts(count: int, dims: int, half_width: float, rng: np.random.Generator) -> FloatArray:
    """Starting points, uniform in the cube ``[-half_width, half_width]^dims``; shape (count, dims)."""
    return rng.uniform(-half_width, half_width, size=(count, dims))


def trajectories(teacher: Teacher, starts: FloatArray, steps: int) -> FloatArray:
    """Let the teacher walk from many starts at once.

    Args:
        teacher: Who walks.
        starts: Positions before the first step, shape (starts, dims).
        steps: Number of steps, at least 0.

    Returns:
        Positions before the first and after every step, shape (starts, steps + 1, dims).
    """
    if steps < 0:
        raise ValueError(f"steps must be at least 0, not {steps}")
    walked = np.empty((steps + 1, *starts.shape))
    walked[0] = starts
    for step in range(steps):
        walked[step + 1] = walked[step] + teacher.update(walked[step], step)
    return np.ascontiguousarray(walked.transpose(1, 0, 2))
