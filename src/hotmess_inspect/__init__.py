"""Bias, variance and incoherence of model failures, for Inspect AI."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotmess_inspect._api import Analysis, Comparisons, analyze, compare, read
    from hotmess_inspect._plots import (
        plot_distribution,
        plot_ensembling,
        plot_length,
        plot_overthinking,
        plot_plane,
    )
    from hotmess_inspect.decomposition import Decomposition, Interval, decompose
    from hotmess_inspect.table import Outcomes, outcomes_from_arrays

__all__ = [
    "Analysis",
    "Comparisons",
    "Decomposition",
    "Interval",
    "Outcomes",
    "analyze",
    "compare",
    "decompose",
    "outcomes_from_arrays",
    "plot_distribution",
    "plot_ensembling",
    "plot_length",
    "plot_overthinking",
    "plot_plane",
    "read",
]
__version__ = "0.1.0"

_ROOMS = {
    **dict.fromkeys(("Analysis", "Comparisons", "analyze", "compare", "read"), "_api"),
    **dict.fromkeys(("Outcomes", "outcomes_from_arrays"), "table"),
    **{name: "_plots" for name in __all__ if name.startswith("plot_")},
}


def __getattr__(name: str) -> object:
    # Inspect imports the package at every start, and `hotmess --help` needs no numpy.
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_ROOMS.get(name, 'decomposition')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
