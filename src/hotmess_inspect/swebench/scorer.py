"""Score one epoch: take the agent's patch, grade it apart, write down every test's outcome."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, get_args

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util import sandbox as inspect_sandbox

from hotmess_inspect.scoring.incoherence import incoherence
from hotmess_inspect.scoring.lengths import sample_lengths, sample_status
from hotmess_inspect.scoring.metadata import Status, epoch_metadata
from hotmess_inspect.swebench.grading import Grade, agent_patch, grade, head_commit
from hotmess_inspect.swebench.local import local_setup, make_repository
from hotmess_inspect.swebench.patch import MAX_PATCH_BYTES
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.sandbox import REPOSITORY, Provider, grader_sandbox

OnLimit = Literal["unchanged", "grade"]
ON_LIMIT: tuple[str, ...] = get_args(OnLimit)


def instance_metadata(instance: Instance) -> dict[str, Any]:
    """An instance as a sample's metadata, from which the scorer rebuilds it."""
    return asdict(instance) | {
        "fail_to_pass": list(instance.fail_to_pass),
        "pass_to_pass": list(instance.pass_to_pass),
    }


def instance_from_metadata(metadata: Mapping[str, Any]) -> Instance:
    """The instance that a sample's metadata holds."""
    fields = {name: metadata[name] for name in Instance.__dataclass_fields__}
    return Instance(
        **fields
        | {"fail_to_pass": tuple(fields["fail_to_pass"]), "pass_to_pass": tuple(fields["pass_to_pass"])}
    )


@scorer(
    metrics=[
        {"resolved": [mean(), stderr()], "f2p": [mean()], "p2p": [mean()], "pooled": [mean()]},
        incoherence(),
    ]
)
def swebench_scorer(
    provider: Provider = "docker", on_limit: OnLimit = "unchanged", tests_timeout: int = 1800
) -> Scorer:
    """Grade the agent's patch by the instance's tests, in a container that the agent never touched.

    The score's value has four entries, each in [0, 1]: ``resolved`` (all tests pass), ``f2p`` and
    ``p2p`` (share of FAIL_TO_PASS and of PASS_TO_PASS tests that pass; NaN where there is none) and
    ``pooled`` (share of all tests, as in the paper).

    Args:
        provider: Where the sandboxes run.
        on_limit: What an epoch counts that ran into a message, time or token limit. ``unchanged``, as
            in the paper: as if nothing had been changed, so FAIL_TO_PASS fail and PASS_TO_PASS pass.
            ``grade``: whatever stands in the working tree is graded.
        tests_timeout: Seconds that the tests may take before the epoch counts as errored.
    """

    async def score(state: TaskState, target: Target) -> Score:
        instance = instance_from_metadata(state.metadata)
        status = sample_status(state)
        if status == "limit" and on_limit == "unchanged":
            return _unchanged(state, instance, "limit", "a limit was reached: tests count as unchanged")
        root = REPOSITORY if provider == "docker" else "."
        grader, graded_root = await _grader(provider, instance)
        base = await head_commit(grader, graded_root)
        patch = await agent_patch(inspect_sandbox(), root, base, limit=MAX_PATCH_BYTES)
        if patch is None:
            return _unchanged(
                state,
                instance,
                "truncated",
                f"the patch is larger than {MAX_PATCH_BYTES:,} bytes: not applied",
            )
        setup = local_setup() if provider == "local" else ()
        result = await grade(grader, graded_root, instance, patch, timeout=tests_timeout, setup=setup)
        return _graded(state, instance, result, status)

    return score


async def _grader(provider: Provider, instance: Instance) -> tuple[SandboxEnvironment, str]:
    grader = grader_sandbox()
    if grader is not None:
        return grader, REPOSITORY
    if provider != "local":
        raise RuntimeError(f"sandbox {provider!r} has no service for grading apart from the agent")
    here = inspect_sandbox()
    folder = (await here.exec(["mktemp", "-d", "hotmess-grader-XXXXXX", "--tmpdir"])).stdout.strip()
    await make_repository(here, folder, instance.repo)
    return here, folder


def _unchanged(state: TaskState, instance: Instance, status: Status, note: str) -> Score:
    outcomes = [False] * len(instance.fail_to_pass) + [True] * len(instance.pass_to_pass)
    return _score(state, instance, outcomes, status, note, {"verdict": "unresolved", "graded": False})


def _graded(state: TaskState, instance: Instance, result: Grade, status: Status) -> Score:
    details = {
        "verdict": result.verdict,
        "graded": True,
        "exit_code": result.exit_code,
        "tests_seconds": round(result.seconds, 3),
        "patch": result.patch.text.decode("utf-8", "replace"),
        "patch_files": list(result.patch.files),
        "patch_dropped": [list(entry) for entry in result.patch.dropped],
        "test_status": dict(result.statuses),
        "test_output": result.output,
    }
    status = "tampered" if result.verdict == "tampered" else status
    return _score(state, instance, result.outcomes, status, result.note, details)


def _score(
    state: TaskState,
    instance: Instance,
    outcomes: Sequence[bool],
    status: Status,
    note: str,
    details: Mapping[str, Any],
) -> Score:
    split = len(instance.fail_to_pass)
    f2p, p2p = outcomes[:split], outcomes[split:]
    value = {
        "resolved": float(all(outcomes)),
        "f2p": _share(f2p),
        "p2p": _share(p2p),
        "pooled": _share(outcomes),
    }
    summary = f"FAIL_TO_PASS {sum(f2p)}/{len(f2p)}, PASS_TO_PASS {sum(p2p)}/{len(p2p)}, {details['verdict']}"
    dropped = details.get("patch_dropped", [])
    left_out = f"; left out of the patch: {', '.join(path for path, _ in dropped)}" if dropped else ""
    return Score(
        value=value,
        answer=", ".join(details.get("patch_files", [])) or "(no change)",
        explanation=summary + (f" ({note})" if note else "") + left_out,
        metadata=epoch_metadata(
            kind="tests", epoch=state.epoch, status=status, f2p=f2p, p2p=p2p, lengths=sample_lengths(state)
        )
        | dict(details),
    )


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else math.nan
