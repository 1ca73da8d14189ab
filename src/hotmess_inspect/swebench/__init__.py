"""SWE-bench: rows, images, the agent, its patch, and grading apart from the agent."""

SIMULATED_AGENT = "hotmess/simulated-agent"
"""The one model that may work without a container: its commands are part of this package."""
