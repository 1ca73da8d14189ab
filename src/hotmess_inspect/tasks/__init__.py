"""Tasks that Inspect runs by name; their modules import nothing heavy."""
