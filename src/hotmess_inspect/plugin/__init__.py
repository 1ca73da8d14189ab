"""Thin Inspect shells: metric, reducer, scorers, viewer, annotation."""
