"""One step of a walk as text: the question that a model is asked, and how its answer is read.

Every step is a question of its own that holds all there is to know, so that any language model can stand in the
trained one's place.
"""

import re

import numpy as np

from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.experiments.optimizer.quadratic import Quadratic
from hotmess_inspect.experiments.optimizer.tokens import IntArray, NumberFormat

PROMPT = """\
You are an optimizer. Make one step of steepest descent on f(x) = (x - b)^T A (x - b) / 2 with
A = {matrix}
b = {minimum}
The update is u = -{step_norm:g} * g / |g| with the gradient g = A (x - b){schedule}.

A number is written as sign, one digit e, and {digits} digits m; it stands for sign m[0].m[1]... * 10^-e. \
For example {example_value} is {example}. Numbers are separated by a space.

Position x: {position}

Answer with the update u alone: {dims} numbers in this notation."""

_POSITION = re.compile(r"^Position x: (.+)$", re.MULTILINE)


def schedule_words(problem: ProblemConfig, step: int, quadratic: Quadratic) -> str:
    """How the length of this step differs from the fixed one; empty where it does not."""
    if problem.schedule == "harmonic":
        return f", times {1 / (1 + step / problem.half_life):.6g}"
    if problem.schedule == "tapered":
        return f", times |g| / (|g| + {problem.step_norm * quadratic.largest_curvature:.6g})"
    return ""


def step_prompt(problem: ProblemConfig, quadratic: Quadratic, units: IntArray, step: int = 0) -> str:
    """Ask for the update at a position.

    Args:
        problem: What is imitated.
        quadratic: Its surface.
        units: The position as counts of units, (dims,).
        step: Updates made before.
    """
    number = problem.number
    return PROMPT.format(
        matrix=_written(quadratic.matrix),
        minimum=_written(quadratic.minimum),
        step_norm=problem.step_norm,
        schedule=schedule_words(problem, step, quadratic),
        digits=1 + number.precision,
        example_value="-0.012",
        example=number.to_text(number.encode([-0.012])),
        position=number.to_text(number.encode_units(units)),
        dims=problem.dims,
    )


def check_surface(prompt: str, problem: ProblemConfig) -> None:
    """Make sure that a prompt asks about the surface that a model was trained on.

    Raises:
        ValueError: If it asks about another one.
    """
    surface = problem.teacher().quadratic
    for line in (
        f"A = {_written(surface.matrix)}",
        f"b = {_written(surface.minimum)}",
        f"u = -{problem.step_norm:g} *",
    ):
        if line not in prompt:
            raise ValueError(
                f"this model imitates {problem}; the prompt has no {line!r}, so it asks about another problem"
            )


def read_position(prompt: str, problem: ProblemConfig) -> IntArray:
    """The position in a prompt of :func:`step_prompt`, the last one where there are several.

    Raises:
        ValueError: If there is none, or it is not of this problem's dimensions and precision.
    """
    found = _POSITION.findall(prompt)
    if not found:
        raise ValueError(
            "the prompt has no line 'Position x: ...'; this model answers the task hotmess/optimizer only"
        )
    return problem.number.decode_units(problem.number.from_text(found[-1], problem.dims))


def read_update(completion: str, problem: ProblemConfig) -> IntArray | None:
    """The update in an answer: the last run of as many numbers as there are dimensions.

    Args:
        completion: What the model wrote; words around the numbers are passed over, commas and brackets between them
            too.
        problem: What is imitated.

    Returns:
        Counts of units, (dims,), or None where there is no such run.
    """
    words = re.sub(r"[,;()\[\]`*|]", " ", completion).replace("\N{MINUS SIGN}", "-").split()
    number = re.compile(rf"[+-][0-9]{{{problem.number.tokens_per_number - 1}}}")
    run: list[str] = []
    update: list[str] | None = None
    for word in words:
        figure = word.rstrip(".")
        run = [*run, figure] if number.fullmatch(figure) else []
        if len(run) >= problem.dims:
            update = run[-problem.dims :]
    return None if update is None else _units(update, problem.number)


def _units(words: list[str], number: NumberFormat) -> IntArray:
    return number.decode_units(number.from_text(" ".join(words), len(words)))


def _written(values: np.ndarray) -> str:
    return str(np.array(values).round(6).tolist())
