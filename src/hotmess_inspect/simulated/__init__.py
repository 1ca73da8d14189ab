"""Models of known bias and variance, as an Inspect model provider, and the truth about them.

The models are opened by name (``--model hotmess/simulated``), see `hotmess_inspect.simulated.provider`;
what they are bound to show is stated by `hotmess_inspect.simulated.truth` and
`hotmess_inspect.simulated.agent_truth`.
"""
