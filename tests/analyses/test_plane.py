"""Points and rays of the bias–variance plane."""

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.analyses.plane import bias_variance_plane, iso_incoherence_lines

from .worlds import letters


def test_points_are_the_means_with_intervals():
    rng = np.random.default_rng(0)
    parts = [decompose(*letters(rng, questions=30, epochs=5)) for _ in range(2)]
    points = bias_variance_plane(["small", "large"], parts, [0.25, 0.5], resamples=50)
    for point, part in zip(points, parts, strict=True):
        assert point.bias_squared == pytest.approx(part.bias_squared.mean())
        assert point.variance == pytest.approx(part.variance.mean())
        assert point.variance / point.error == pytest.approx(point.incoherence)
        assert point.bias_squared_ci.low < point.bias_squared < point.bias_squared_ci.high
        assert point.questions == 30
    assert [p.accuracy for p in points] == [0.25, 0.5]
    assert np.isnan(bias_variance_plane(["a"], parts[:1], resamples=2)[0].accuracy)


def test_rays_leave_the_box_where_they_must():
    lines = iso_incoherence_lines(2.0, 1.0, levels=(0, 0.2, 0.5, 1))
    # 0: along the bottom. 0.2: variance = bias²/4, right edge first. 0.5: diagonal, top edge first.
    assert [(x.bias_squared, x.variance) for x in lines] == [(2, 0), (2, pytest.approx(0.5)), (1, 1), (0, 1)]
    for line in lines[:3]:
        assert line.variance / (line.variance + line.bias_squared) == pytest.approx(line.incoherence)


def test_one_plane_has_one_loss():
    part = decompose(*letters(np.random.default_rng(1)))
    other = decompose(*letters(np.random.default_rng(1)), loss="kl", estimator="plugin")
    with pytest.raises(ValueError, match="one plane has one loss"):
        bias_variance_plane(["a", "b"], [part, other])
    with pytest.raises(ValueError, match="2 labels, 1 decompositions and no accuracies"):
        bias_variance_plane(["a", "b"], [part])


def test_boxes_and_levels_in_range():
    with pytest.raises(ValueError, match=r"largest_variance=0\.0 must be positive"):
        iso_incoherence_lines(1.0, 0.0)
    with pytest.raises(ValueError, match=r"levels holds 1\.5"):
        iso_incoherence_lines(1.0, 1.0, levels=[1.5])
