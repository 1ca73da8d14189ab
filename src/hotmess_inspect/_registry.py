"""What Inspect finds through the entry-point group ``inspect_ai``.

Inspect imports this module at every start, so it must be cheap and must never raise: modules
named here import nothing heavy at their top level (no torch, pandas, matplotlib, datasets, docker).
"""
