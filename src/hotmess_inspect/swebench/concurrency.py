"""How many epochs a machine carries at once, and what Inspect has to be told so that it does run them."""

import re
from dataclasses import dataclass
from typing import Any

from hotmess_inspect.swebench.sandbox import Resources
from hotmess_inspect.words import counted

PER_PROCESSOR = 2
"""Epochs per processor: an agent waits for its model most of the time, and a grading takes one processor."""

_SHARE = 0.8  # of the memory; the rest is for the engine and for Inspect
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Machine:
    """What the engine's machine has.

    Attributes:
        processors: Number of processors.
        memory: Bytes of memory.
    """

    processors: int
    memory: int


def engine_machine(client: Any) -> Machine:
    """The machine of an engine, which need not be the one that runs Inspect."""
    facts = client.info()
    return Machine(int(facts.get("NCPU") or 1), int(facts.get("MemTotal") or 0))


def memory_bytes(text: str) -> int:
    """Bytes of an amount of memory in Docker's notation, such as ``4g`` or ``512m``.

    Raises:
        ValueError: If it is not one.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?", text.strip().lower())
    if not found:
        raise ValueError(f"memory must be an amount such as 4g or 512m, not {text!r}")
    return int(float(found.group(1)) * _UNITS[found.group(2)])


def sandboxes(machine: Machine, resources: Resources) -> int:
    """Epochs that may run at once.

    ``min(2 × processors, 0.8 × memory / memory of a container)``, at least 1. Of an epoch's two containers
    one works at a time, so its memory is counted once.

    Args:
        machine: The engine's machine.
        resources: Limits of a container.
    """
    by_memory = int(_SHARE * machine.memory / memory_bytes(resources.memory))
    return max(1, min(PER_PROCESSOR * machine.processors, by_memory))


def advice(machine: Machine, resources: Resources) -> str:
    """What to pass to Inspect, whose own limits follow from another machine or cap commands silently."""
    count = sandboxes(machine, resources)
    return (
        f"this engine has {counted(machine.processors, 'processor')} and {machine.memory / 2**30:.0f} GiB: run {counted(count, 'epoch')} "
        f"at once with --max-sandboxes {count} --max-samples {count} --max-subprocesses {2 * count} "
        "(by default Inspect runs no more commands at once than this machine has processors)."
    )
