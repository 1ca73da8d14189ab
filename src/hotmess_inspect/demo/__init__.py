"""The log behind `hotmess demo`: nine bundled SWE-bench instances, five epochs each, a simulated agent in Docker."""

from importlib.resources import files

LOG = "swebench_mini.eval"


def demo_log() -> bytes:
    """The bundled log, as ``sandbox/refresh_demo.py`` recorded it."""
    return (files(__name__) / LOG).read_bytes()
