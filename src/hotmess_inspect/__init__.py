"""Bias, variance and incoherence of model failures, for Inspect AI."""

__version__ = "0.1.0"
