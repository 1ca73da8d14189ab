"""SWE-bench: rows, images, the agent, its patch, and grading apart from the agent."""
