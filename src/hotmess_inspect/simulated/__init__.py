"""Models of known bias and variance, as an Inspect model provider.

The models are opened by name (``--model hotmess/simulated``), see `hotmess_inspect.simulated.provider`.
"""
