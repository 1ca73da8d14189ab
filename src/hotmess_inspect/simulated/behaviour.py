"""What the simulated agent may do to an instance, and how probable each thing is. numpy only."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.simulated.arguments import argument
from hotmess_inspect.simulated.distribution import draw_around
from hotmess_inspect.simulated.hashing import stable_hash, stream
from hotmess_inspect.words import counted

__all__ = ["KINDS", "AgentArguments", "Behaviours", "Fix", "known_instances", "mixture", "read_rows"]

FloatArray = NDArray[np.float64]

KINDS = ("right", "partial", "wrong", "nothing")
DEFAULT_SHARES = {"right": 0.45, "partial": 0.25, "wrong": 0.2, "nothing": 0.1}

# Purposes of random streams, apart from those of `hotmess_inspect.simulated.distribution`.
MIXTURE, SHARES, PLAN, EXTRA, EMPTY, ACTIONS, FIXED_PLAN, THOUGHT = 11, 12, 13, 14, 15, 16, 17, 18
RESUMED_PLAN, BRANCH, OUTLINE = 19, 20, 21


def _share(kind: str, meaning: str) -> Any:
    return argument(None, meaning, low=0, high=1)


@dataclass(frozen=True)
class AgentArguments:
    """Model arguments of ``hotmess/simulated-agent``; see `hotmess_inspect.simulated.provider`."""

    seed: int = argument(0, "names the population of instances and all draws", low=0)
    rows: str = argument("", "official SWE-bench rows (JSON, JSONL, .gz) beside the bundled instances")
    right: float | None = _share("right", "mean probability of a fix that passes all tests")
    partial: float | None = _share("partial", "mean probability of a fix that passes some FAIL_TO_PASS tests")
    wrong: float | None = _share("wrong", "mean probability of an edit that passes no FAIL_TO_PASS test")
    nothing: float | None = _share("nothing", "mean probability of no edit")
    spread: float = argument(
        0.3, "difference between instances: 0 none, 1 each instance always does one thing", low=0, high=1
    )
    concentration: float = argument(
        1.0, "Dirichlet parameter of the choice among several fixes of one kind", low=1e-3
    )
    actions: float = argument(3.0, "median number of exploring tool calls", low=0, high=1000)
    actions_spread: float = argument(
        0.5, "standard deviation of log exploring calls between epochs", low=0, high=3
    )
    actions_between: float = argument(
        0.3, "standard deviation of log exploring calls between instances", low=0, high=3
    )
    actions_coupling: float = argument(
        0.0, "log exploring calls added where the fix is not right", low=-5, high=5
    )
    max_actions: int = argument(60, "largest number of exploring calls", low=0, high=10_000)
    edit: str = argument("mixed", "how edits are made", choices=("git", "python", "mixed"))
    edits: str = argument(
        "mixed", "a patch of several files in one or several calls", choices=("one", "several", "mixed")
    )
    tests: float = argument(0.3, "probability of running the tests before submitting", low=0, high=1)
    parallel: float = argument(0.0, "probability that an exploring turn makes two calls", low=0, high=1)
    empty: float = argument(0.0, "probability per turn of an empty reply", low=0, high=0.9)
    no_submit: float = argument(
        0.0, "probability of never submitting, so that a limit ends the epoch", low=0, high=1
    )
    reasoning: float = argument(
        50.0, "median number of reasoning tokens per turn; 0 for none", low=0, high=1e5
    )
    branch_step: int = argument(
        -1,
        "number of the turn, from 0, at which the agent opens one file or another; the turns before it are the same "
        "in all epochs of an instance; -1 for no such turn",
        low=-1,
        high=1000,
    )
    branch_share: float = argument(0.5, "probability of the first branch", low=0, high=1)
    branch_effect: float = argument(
        1.0,
        "probability that the branch decides the fix: the first the right one, the second a wrong one",
        low=0,
        high=1,
    )
    branch_wander: float = argument(
        0.0, "probability, for each turn before the branch, of another command than usual", low=0, high=1
    )
    latency: float = argument(0.0, "seconds to wait before each turn", low=0, high=3600)

    def __post_init__(self) -> None:
        self.shares()

    def shares(self) -> FloatArray:
        """Mean probabilities of right, partial, wrong and nothing, shape (4,), summing to 1.

        Raises:
            ValueError: If those given sum to more than 1, or all four are given and do not sum to 1.
        """
        given = {kind: getattr(self, kind) for kind in KINDS}
        total = sum(share for share in given.values() if share is not None)
        free = sum(DEFAULT_SHARES[kind] for kind, share in given.items() if share is None)
        if total > 1 + 1e-9 or (free == 0 and total < 1 - 1e-9):
            raise ValueError(
                f"model arguments right, partial, wrong and nothing sum to {total:g}; permitted is 1 "
                "(those left out share what is missing)"
            )
        rest = max(0.0, 1 - total)
        return np.array(
            [DEFAULT_SHARES[kind] / free * rest if share is None else share for kind, share in given.items()]
        )


@dataclass(frozen=True)
class Fix:
    """One thing that the agent may do, and what the tests say about it.

    Attributes:
        name: Name among the instance's fixes.
        kind: right, partial, wrong or nothing.
        patch: Unified diff; empty for nothing.
        f2p: Outcome of each FAIL_TO_PASS test, 0 or 1.
        p2p: Outcome of each PASS_TO_PASS test, 0 or 1.
    """

    name: str
    kind: str
    patch: str
    f2p: tuple[int, ...]
    p2p: tuple[int, ...]


@dataclass(frozen=True)
class Behaviours:
    """An instance with the things that the agent may do to it.

    Attributes:
        instance_id: Name of the instance.
        problem: The problem statement, by which an instance is recognised where its id is not known.
        fixes: The last one is always "nothing".
    """

    instance_id: str
    problem: str
    fixes: tuple[Fix, ...] = field(default=())

    @property
    def key(self) -> int:
        """Stable name of the instance."""
        return stable_hash(self.instance_id)


def mixture(instance: Behaviours, arguments: AgentArguments, branch: int | None = None) -> FloatArray:
    """Probability of each of an instance's fixes in any one epoch, or in one that took a branch.

    The four kinds are Dirichlet-distributed over instances around ``arguments.shares()`` with variance
    ``spread * s(1 - s)``; among the fixes of one kind the choice is Dirichlet with parameter
    ``concentration``. A kind of which the instance has no fix hands its mass to the next kind.

    With a branch point the fix is, with probability ``branch_effect``, the one that the branch decides (the
    first right one on branch 0, the first wrong one on branch 1), and drawn as above otherwise.

    Args:
        instance: The instance.
        arguments: The agent's arguments.
        branch: Which branch was taken, 0 or 1; ``None`` averages over both.

    Returns:
        Probabilities, shape (fixes,), summing to 1.
    """
    kinds = _kind_shares(instance, arguments)
    probabilities = np.zeros(len(instance.fixes))
    rng = stream(arguments.seed, SHARES, instance.key)
    carried = 0.0
    for kind, share in zip(KINDS, kinds, strict=True):
        places = [index for index, fix in enumerate(instance.fixes) if fix.kind == kind]
        carried += float(share)
        if places:
            probabilities[places] = carried * rng.dirichlet(np.full(len(places), arguments.concentration))
            carried = 0.0
    if arguments.branch_step < 0:
        return probabilities
    decided = np.zeros(len(instance.fixes))
    shares = (arguments.branch_share, 1 - arguments.branch_share)
    for number, share in enumerate(shares):
        if branch in (None, number):
            decided[branch_fix(instance, number)] += share if branch is None else 1.0
    return arguments.branch_effect * decided + (1 - arguments.branch_effect) * probabilities


def branch_fix(instance: Behaviours, branch: int) -> int:
    """Place of the fix that a branch decides: the first right one, or the first that passes no target test."""
    kinds = ("right",) if branch == 0 else ("wrong", "nothing")
    return next(n for kind in kinds for n, fix in enumerate(instance.fixes) if fix.kind == kind)


def _kind_shares(instance: Behaviours, arguments: AgentArguments) -> FloatArray:
    shares = arguments.shares()
    rng = stream(arguments.seed, MIXTURE, instance.key)
    if arguments.spread < 1:
        return draw_around(rng, shares, arguments.spread, range(len(KINDS)))
    always = np.zeros(len(KINDS))
    always[int(rng.choice(len(KINDS), p=shares / shares.sum()))] = 1.0
    return always


def known_instances(
    rows: Iterable[Mapping[str, Any]], variants: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Behaviours]:
    """Instances and what may be done to them.

    Args:
        rows: Rows in the official schema.
        variants: Fixes with measured outcomes: ``instance_id, name, kind, patch, f2p, p2p``.

    Returns:
        Behaviours by instance id. An instance without variants has its reference patch as the right fix and
        a new file with a remark as the wrong one, whose outcomes follow without measurement.

    Raises:
        ValueError: If a row lacks a column, or a variant's outcomes disagree with its row.
    """
    by_instance: dict[str, list[Mapping[str, Any]]] = {}
    for variant in variants:
        by_instance.setdefault(variant["instance_id"], []).append(variant)
    known = {}
    for row in rows:
        instance = _behaviours(row, by_instance.get(str(row.get("instance_id")), []))
        known[instance.instance_id] = instance
    return known


def read_rows(path: str) -> list[dict[str, Any]]:
    """Read SWE-bench rows from a JSON or JSON lines file, gzipped or not.

    Raises:
        ValueError: If the file cannot be read as such.
    """
    try:
        raw = Path(path).read_bytes()
        text = (gzip.decompress(raw) if path.endswith(".gz") else raw).decode("utf-8")
        loaded = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except (OSError, EOFError, ValueError) as problem:
        raise ValueError(f"model argument 'rows': {path} cannot be read: {problem}") from None
    return list(loaded)


def _behaviours(row: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> Behaviours:
    try:
        instance_id, problem, gold = str(row["instance_id"]), str(row["problem_statement"]), str(row["patch"])
        f2p, p2p = _test_count(row["FAIL_TO_PASS"]), _test_count(row["PASS_TO_PASS"])
    except KeyError as missing:
        raise ValueError(f"row {row.get('instance_id', '?')!r} has no column {missing}") from None
    fixes = sorted((_fix(variant, f2p, p2p) for variant in variants), key=lambda fix: fix.name)
    if not any(fix.kind == "right" for fix in fixes):
        fixes.insert(0, Fix("gold", "right", gold, (1,) * f2p, (1,) * p2p))
    if not variants:
        fixes.append(Fix("remark", "wrong", REMARK, (0,) * f2p, (1,) * p2p))
    fixes.append(Fix("nothing", "nothing", "", (0,) * f2p, (1,) * p2p))
    return Behaviours(instance_id, problem, tuple(fixes))


REMARK = """\
diff --git a/REMARK.txt b/REMARK.txt
new file mode 100644
--- /dev/null
+++ b/REMARK.txt
@@ -0,0 +1 @@
+The behaviour described in the report could not be found in this code.
"""


def _test_count(tests: object) -> int:
    listed = json.loads(tests) if isinstance(tests, str) else tests
    if not isinstance(listed, Sequence):
        raise ValueError(f"tests are {tests!r}; permitted is a list or the JSON of one")
    return len(listed)


def _fix(variant: Mapping[str, Any], f2p: int, p2p: int) -> Fix:
    fix = Fix(
        str(variant["name"]),
        str(variant["kind"]),
        str(variant["patch"]),
        tuple(variant["f2p"]),
        tuple(variant["p2p"]),
    )
    where = f"variant {fix.name!r} of {variant['instance_id']!r}"
    if fix.kind not in KINDS[:3]:
        raise ValueError(f"{where} has kind {fix.kind!r}; permitted are: {', '.join(KINDS[:3])}")
    if (len(fix.f2p), len(fix.p2p)) != (f2p, p2p):
        raise ValueError(
            f"{where} has {len(fix.f2p)} + {len(fix.p2p)} outcomes for {f2p} + {counted(p2p, 'test')}"
        )
    return fix
