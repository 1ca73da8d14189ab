"""Versions, requirements, and a resolver for both."""

from pinset.graph import CycleError, install_order
from pinset.index import Index
from pinset.lock import read_lock, write_lock
from pinset.requirement import Requirement
from pinset.resolver import ResolutionError, resolve
from pinset.version import Version

__all__ = [
    "CycleError",
    "Index",
    "Requirement",
    "ResolutionError",
    "Version",
    "install_order",
    "read_lock",
    "resolve",
    "write_lock",
]
