"""Resampling, ratio intervals, permutation tests and fits; numpy and scipy only."""
