"""Bias, variance and incoherence of model failures, for Inspect AI."""

from hotmess_inspect.decomposition import Decomposition, Interval, decompose

__version__ = "0.1.0"

__all__ = ["Decomposition", "Interval", "__version__", "decompose"]
