"""Inspect shells around the decompositions: metric, reducer, scorer, metadata, viewer."""
