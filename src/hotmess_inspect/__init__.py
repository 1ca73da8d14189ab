"""Bias, variance and incoherence of model failures, for Inspect AI."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotmess_inspect._api import Analysis, analyze, read
    from hotmess_inspect.decomposition import Decomposition, Interval, decompose
    from hotmess_inspect.table import Outcomes

__all__ = ["Analysis", "Decomposition", "Interval", "Outcomes", "analyze", "decompose", "read"]
__version__ = "0.1.0"

_ROOMS = {"Analysis": "_api", "Outcomes": "table", "analyze": "_api", "read": "_api"}


def __getattr__(name: str) -> object:
    # Inspect imports the package at every start, and `hotmess --help` needs no numpy.
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_ROOMS.get(name, 'decomposition')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
