"""Wherever an analysis takes a generator, an integer that seeds one does as well."""

import ast
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hotmess_inspect
from hotmess_inspect import decompose
from hotmess_inspect.analyses.comparison import paired_difference
from hotmess_inspect.analyses.ensembling import ensembling_curve
from hotmess_inspect.analyses.lengths import length_buckets
from hotmess_inspect.analyses.nulls import accuracy_matched_range
from hotmess_inspect.analyses.overthinking import overthinking

SOURCE = Path(hotmess_inspect.__file__).parent
DRAWN = np.random.default_rng(5)
PREDICTIONS = np.eye(3)[DRAWN.integers(0, 3, size=(40, 6))]
TARGET = DRAWN.integers(0, 3, size=40)
LENGTHS = DRAWN.integers(1, 9, size=(40, 6))
FIRST, SECOND = decompose(PREDICTIONS, TARGET), decompose(PREDICTIONS[:, ::-1] ** 2, TARGET[::-1])

CALLS: dict[str, Any] = {
    "interval": lambda rng: FIRST.interval(resamples=50, rng=rng),
    "paired_difference": lambda rng: paired_difference(
        FIRST, SECOND, resamples=50, rng=rng, method="studentised"
    ),
    "overthinking": lambda rng: overthinking(PREDICTIONS, TARGET, LENGTHS, resamples=50, rng=rng),
    "length_buckets": lambda rng: length_buckets(PREDICTIONS, TARGET, LENGTHS, resamples=50, rng=rng),
    "ensembling": lambda rng: ensembling_curve(
        PREDICTIONS, TARGET, sizes=(1, 2, 3), ensembles=2, resamples=50, rng=rng
    ),
    "nulls": lambda rng: accuracy_matched_range(PREDICTIONS, TARGET, resamples=50, rng=rng),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_number_is_the_seed_of_a_generator(name: str) -> None:
    call = CALLS[name]
    by_number, by_generator = call(7), call(np.random.default_rng(7))
    np.testing.assert_equal(as_plain(by_number), as_plain(by_generator))
    assert str(as_plain(call(8))) != str(as_plain(by_number))
    np.testing.assert_equal(as_plain(call(None)), as_plain(call(0)))


def as_plain(found: Any) -> Any:
    return list(found) if isinstance(found, tuple) else astuple(found)


def test_every_optional_generator_may_be_a_number() -> None:
    """No function of these rooms that has a default for its randomness asks for a generator."""
    wanting = []
    for path in (
        p for room in ("analyses", "inference", "decomposition") for p in (SOURCE / room).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                defaults = dict(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
                wanting += [
                    f"{path.name}: {node.name}"
                    for argument, default in defaults.items()
                    if argument.arg == "rng"
                    and default
                    and ast.unparse(argument.annotation or default) != "Seed"
                ]
    assert wanting == []
