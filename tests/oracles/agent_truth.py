"""The true bias², variance and incoherence of ``hotmess/simulated-agent``, from its probabilities alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tests.oracles.answer_truth import Truth

from hotmess_inspect.simulated.arguments import read_arguments
from hotmess_inspect.simulated.behaviour import AgentArguments, Behaviours, Fix, mixture

__all__ = ["MEASURES", "agent_truth"]

FloatArray = NDArray[np.float64]
MEASURES = ("f2p", "p2p", "pooled", "resolved")


def agent_truth(
    instances: Iterable[Behaviours],
    arguments: AgentArguments | Mapping[str, object] | None = None,
    *,
    limit: Literal["unchanged", "grade"] = "unchanged",
) -> dict[str, Truth]:
    """State what the simulated agent is bound to show on some instances.

    In an epoch the fix v is applied with probability w_v and has the outcomes o_vj in {0, 1} of the tests j.
    With the pass rates q_j = sum_v w_v o_vj and the mean over the tests of an instance: error = mean(1 - q),
    bias² = mean((1 - q)²), variance = mean(q(1 - q)). ``resolved`` is one test that passes where all do. Each
    instance weighs 1 whatever its number of tests.

    Args:
        instances: The instances (`hotmess_inspect.simulated.agent.load_instances`).
        arguments: The agent's arguments, as given with ``-M``; ``None`` for the defaults.
        limit: What an epoch counts that never submits: tests unchanged (as after no edit), or graded as is.

    Returns:
        A `Truth` for each of `MEASURES`, arrays in the order of the instances; NaN for an instance without
        tests of the sort. ``accuracy`` is the mean pass rate.

    Raises:
        ValueError: If an argument is unknown or out of range, or `limit` is.
    """
    if limit not in ("unchanged", "grade"):
        raise ValueError(f"limit is {limit!r}; permitted are: unchanged, grade")
    known = (
        arguments
        if isinstance(arguments, AgentArguments)
        else read_arguments(AgentArguments, arguments or {}, "hotmess/simulated-agent")
    )
    weighed = [(instance.fixes, _weights(instance, known, limit)) for instance in instances]
    return {measure: _measured(measure, weighed) for measure in MEASURES}


def _weights(instance: Behaviours, arguments: AgentArguments, limit: str) -> FloatArray:
    weights = mixture(instance, arguments)
    if limit == "grade":
        return weights
    nothing = np.array([float(fix.kind == "nothing") for fix in instance.fixes])
    return (1 - arguments.no_submit) * weights + arguments.no_submit * nothing


def _measured(measure: str, weighed: list[tuple[tuple[Fix, ...], FloatArray]]) -> Truth:
    rows = [
        _one_instance(np.array([_outcomes(fix, measure) for fix in fixes]), weights)
        for fixes, weights in weighed
    ]
    error, bias_squared, variance, accuracy = np.array(rows, dtype=np.float64).reshape(len(rows), 4).T
    none = np.where(np.isnan(error), math.nan, 0.0)
    return Truth(error, bias_squared, variance, none, variance, accuracy)


def _one_instance(outcomes: FloatArray, weights: FloatArray) -> tuple[float, float, float, float]:
    if outcomes.shape[1] == 0:
        return math.nan, math.nan, math.nan, math.nan
    rates = weights @ outcomes
    return (
        float(np.mean(1 - rates)),
        float(np.mean((1 - rates) ** 2)),
        float(np.mean(rates * (1 - rates))),
        float(np.mean(rates)),
    )


def _outcomes(fix: Fix, measure: str) -> tuple[int, ...]:
    return {
        "f2p": fix.f2p,
        "p2p": fix.p2p,
        "pooled": fix.f2p + fix.p2p,
        "resolved": (int(all(fix.f2p) and all(fix.p2p)),),
    }[measure]
