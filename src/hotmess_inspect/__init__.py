"""Bias, variance and incoherence of model failures, for Inspect AI."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotmess_inspect.decomposition import Decomposition, Interval, decompose

__all__ = ["Decomposition", "Interval", "decompose"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Inspect imports the package at every start, and `hotmess --help` needs no numpy.
    if name in __all__:
        from hotmess_inspect import decomposition

        return getattr(decomposition, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
