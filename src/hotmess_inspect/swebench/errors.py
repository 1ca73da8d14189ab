"""Error of the grading's infrastructure: it failed, not the model."""


class GradingError(RuntimeError):
    """The instrument failed, not the model: the epoch counts as errored and can be retried."""


class AgentContainerError(GradingError):
    """The agent's own container does not give its work: what the agent did there is the likely cause."""
