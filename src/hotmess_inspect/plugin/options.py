"""Options of the metric and the reducer, validated once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from hotmess_inspect.schema import CLASS_LOSSES, ESTIMATORS, UNPARSED, ClassLoss, Estimator, Scale, Unparsed

Headline: TypeAlias = Literal["f2p", "p2p", "pooled"]


@dataclass(frozen=True)
class Options:
    """Checked parameters of the metric; see :func:`~hotmess_inspect.plugin.incoherence.incoherence`."""

    loss: ClassLoss = "brier"
    estimator: Estimator = "unbiased"
    smoothing: float = 1e-12
    unparsed: Unparsed = "uniform"
    tests: Headline = "f2p"
    key: str | int | None = None
    scale: Scale | None = None


def checked_options(
    *,
    loss: str,
    estimator: str | None,
    smoothing: float,
    unparsed: str,
    tests: str,
    key: str | int | None,
    perfect: float | None,
    range: str | Sequence[float | str] | None,
) -> Options:
    """Options as typed by a user, or a ValueError that names the parameter and what it may be."""
    _check("loss", loss, CLASS_LOSSES)
    chosen = ESTIMATORS[loss][0] if estimator is None else cast(Estimator, estimator)
    if chosen not in ESTIMATORS[loss]:
        permitted = " or ".join(map(repr, ESTIMATORS[loss]))
        raise ValueError(f"estimator={estimator!r} does not exist for loss={loss!r}; use {permitted}")
    _check("unparsed", unparsed, UNPARSED)
    _check("tests", tests, get_args(Headline))
    if not 0 < smoothing < 1:
        raise ValueError(f"smoothing={smoothing!r} is outside (0, 1); the paper uses 1e-12")
    return Options(
        loss=cast(ClassLoss, loss),
        estimator=chosen,
        smoothing=smoothing,
        unparsed=cast(Unparsed, unparsed),
        tests=cast(Headline, tests),
        key=key,
        scale=Scale.given(perfect, range),
    )


def _check(name: str, value: str, permitted: tuple[str, ...]) -> None:
    if value not in permitted:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, permitted))}")
