"""Arrays of repeated predictions in, bias and variance out; needs numpy only."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.decomposition.embedding import (
    embedding_decomposition,
    embedding_variance,
    kernel_variance,
)
from hotmess_inspect.decomposition.nested import (
    NestedDecomposition,
    contexts_shared,
    decompose_epochs,
    decompose_nested,
)
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.smoothing import SmoothingCurve, smoothing_curve
from hotmess_inspect.decomposition.sufficient import SufficientStatistics
from hotmess_inspect.schema import Estimator, Loss, Quantity

if TYPE_CHECKING:
    from hotmess_inspect.analyses.comparison import Difference, paired_difference
    from hotmess_inspect.inference.intervals import (
        Interval,
        Method,
        difference_intervals,
        jackknife_ratios,
        ratio_interval,
        ratio_intervals,
    )
    from hotmess_inspect.inference.resampling import (
        canonical_order,
        cluster_sums,
        draw_weights,
        resampled_sums,
    )

# The first release gave these names here too.
_ELSEWHERE = {
    "hotmess_inspect.analyses.comparison": ("Difference", "paired_difference"),
    "hotmess_inspect.inference.intervals": (
        "Interval",
        "Method",
        "difference_intervals",
        "jackknife_ratios",
        "ratio_interval",
        "ratio_intervals",
    ),
    "hotmess_inspect.inference.resampling": (
        "canonical_order",
        "cluster_sums",
        "draw_weights",
        "resampled_sums",
    ),
}
_ROOM = {name: room for room, names in _ELSEWHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _ROOM:
        return getattr(import_module(_ROOM[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Decomposition",
    "Difference",
    "Estimator",
    "Interval",
    "Loss",
    "Method",
    "NestedDecomposition",
    "Quantity",
    "SmoothingCurve",
    "SufficientStatistics",
    "canonical_order",
    "cluster_sums",
    "contexts_shared",
    "decompose",
    "decompose_epochs",
    "decompose_nested",
    "difference_intervals",
    "draw_weights",
    "embedding_decomposition",
    "embedding_variance",
    "jackknife_ratios",
    "kernel_variance",
    "paired_difference",
    "ratio_interval",
    "ratio_intervals",
    "resampled_sums",
    "smoothing_curve",
]
