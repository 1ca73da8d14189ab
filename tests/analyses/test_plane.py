"""Rays of the bias–variance plane."""

import pytest

from hotmess_inspect.analyses.plane import iso_incoherence_lines


def test_rays_leave_the_box_where_they_must():
    lines = iso_incoherence_lines(2.0, 1.0, levels=(0, 0.2, 0.5, 1))
    # 0: along the bottom. 0.2: variance = bias²/4, right edge first. 0.5: diagonal, top edge first.
    assert [(x.bias_squared, x.variance) for x in lines] == [(2, 0), (2, pytest.approx(0.5)), (1, 1), (0, 1)]
    for line in lines[:3]:
        assert line.variance / (line.variance + line.bias_squared) == pytest.approx(line.incoherence)


def test_boxes_and_levels_in_range():
    with pytest.raises(ValueError, match=r"largest_variance=0\.0 must be positive"):
        iso_incoherence_lines(1.0, 0.0)
    with pytest.raises(ValueError, match=r"levels holds 1\.5"):
        iso_incoherence_lines(1.0, 1.0, levels=[1.5])
