"""Arrays of repeated predictions in, bias and variance out; needs numpy only."""

from hotmess_inspect.decomposition._checks import Estimator, Loss, Quantity
from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.decomposition.intervals import Interval, ratio_interval
from hotmess_inspect.decomposition.jackknife import SmoothingCurve, smoothing_curve
from hotmess_inspect.decomposition.resampling import draw_weights, resampled_sums
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.squared import scale_to_norm
from hotmess_inspect.decomposition.sufficient import SufficientStatistics

__all__ = [
    "Decomposition",
    "Estimator",
    "Interval",
    "Loss",
    "Quantity",
    "SmoothingCurve",
    "SufficientStatistics",
    "decompose",
    "draw_weights",
    "ratio_interval",
    "resampled_sums",
    "scale_to_norm",
    "smoothing_curve",
]
