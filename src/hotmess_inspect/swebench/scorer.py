"""Score one epoch: take the agent's patch, grade it apart, write down every test's outcome."""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, get_args

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox as inspect_sandbox

from hotmess_inspect._inspect_versions import sandbox_unavailable, shown, unscored
from hotmess_inspect.bits import decode_tests, encode_tests
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.lengths import sample_lengths, sample_status
from hotmess_inspect.schema import Status, epoch_metadata
from hotmess_inspect.swebench.actions import taken_actions
from hotmess_inspect.swebench.adjudication import read_official, run_official
from hotmess_inspect.swebench.endings import agent_container
from hotmess_inspect.swebench.errors import AgentContainerError, GradingError
from hotmess_inspect.swebench.graders import Grader, fresh_grader
from hotmess_inspect.swebench.grading import (
    ON_TESTS_LIMIT,
    Grade,
    OnTestsLimit,
    grade,
)
from hotmess_inspect.swebench.patch import MAX_PATCH_BYTES
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.runs import TESTS_USER
from hotmess_inspect.swebench.sandbox import REPOSITORY, Provider
from hotmess_inspect.swebench.transfer import Untouched, Work, agent_work, printable
from hotmess_inspect.words import counted

OnLimit = Literal["unchanged", "grade"]
ON_LIMIT: tuple[str, ...] = get_args(OnLimit)

__all__ = [
    "ON_LIMIT",
    "ON_TESTS_LIMIT",
    "OnLimit",
    "instance_from_metadata",
    "instance_metadata",
    "swebench_official",
    "swebench_scorer",
]

_DIGEST_DIGITS = 12
_SOON = 20  # seconds
# A full disk in the words of the system, of ours, and of Python, which only says that it finds no place to write in.
_FULL = ("space left", "no room on the disk", "No usable temporary directory")
_SHOWN = 20  # paths in an explanation; the metadata has them all
_LARGEST_LIST = 1_000  # of characters; a log's summaries leave out larger entries


def instance_metadata(instance: Instance) -> dict[str, Any]:
    """An instance as a sample's metadata, from which the scorer rebuilds it.

    What a pre-flight knows, found by the name of its check (``preflight``), is added under ``image_digest`` (text),
    ``unstable_tests`` and ``skipped_tests`` (lists of test ids) and ``tests_user`` (who runs the tests in this image,
    where it is not the usual one).
    """
    return asdict(instance) | {
        "fail_to_pass": list(instance.fail_to_pass),
        "pass_to_pass": list(instance.pass_to_pass),
    }


def instance_from_metadata(metadata: Mapping[str, Any]) -> Instance:
    """The instance that a sample's metadata holds."""
    # Samples of the first release have none of the last two.
    fields = {name: metadata.get(name) or "" for name in ("difficulty", "log_parser")}
    fields |= {name: metadata[name] for name in Instance.__dataclass_fields__ if name not in fields}
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
    provider: Provider = "docker",
    on_limit: OnLimit = "unchanged",
    tests_timeout: int = 1800,
    regrade: int = 1,
    on_tests_limit: OnTestsLimit = "failed",
) -> Scorer:
    """Grade the agent's patch by the instance's tests, in a container that the agent never touched.

    The score's value has four entries, each in [0, 1]: ``resolved`` (all tests pass), ``f2p`` and
    ``p2p`` (share of FAIL_TO_PASS and of PASS_TO_PASS tests that pass; NaN where there is none) and
    ``pooled`` (share of all tests, as in the paper). Tests that the sample's metadata lists under
    ``unstable_tests`` are graded and written down, but count in none of the four.

    Args:
        provider: Where the sandboxes run.
        on_limit: What an epoch counts that ran into a message, time or token limit. ``unchanged``, as
            in the paper: as if nothing had been changed, so FAIL_TO_PASS fail and PASS_TO_PASS pass.
            ``grade``: whatever stands in the working tree is graded.
        tests_timeout: Seconds that the tests may take.
        regrade: How often each patch is graded, each time in a container of its own. The first grading
            is the score; the others tell the grader's variance from the model's.
        on_tests_limit: What it counts if the tests run out of time, memory, processes or disk by the patch's
            doing: all ``failed``, or ``error`` (the epoch is missing and can be retried).
    """
    untouched = Untouched()

    async def score(state: TaskState, target: Target) -> Score:
        instance = instance_from_metadata(state.metadata)
        status = sample_status(state)
        if status == "limit" and on_limit == "unchanged":
            return _unchanged(state, instance, "limit", "a limit was reached: tests count as unchanged")
        unavailable: tuple[type[Exception], ...] = (GradingError, TimeoutError, *sandbox_unavailable())
        grades: list[Grade] = []
        work = Work(b"", ())
        for number in range(1, regrade + 1):
            user = state.metadata.get("tests_user", TESTS_USER)
            async with fresh_grader(provider, instance, number, user=user) as place:
                taken = number > 1
                try:
                    if not taken:
                        work = await _agents_work(provider, state, place, untouched)
                        taken = True
                    grades.append(
                        await grade(
                            place.sandbox,
                            place.root,
                            instance,
                            work.patch,
                            timeout=tests_timeout,
                            setup=place.setup,
                            user=place.user,
                            scratch=place.scratch,
                            on_tests_limit=on_tests_limit,
                            may_skip=state.metadata.get("skipped_tests") or (),
                        )
                    )
                except Exception as error:
                    # Once its work is there, all that an agent's container can still do is fill the disk.
                    full = any(words in str(error) for words in _FULL)
                    cause = (
                        await _broken_by(error, place)
                        if full or (not taken and isinstance(error, unavailable))
                        else ""
                    )
                    if not cause:
                        raise
                    note = f"the agent broke its own container ({cause}): tests count as unchanged"
                    return _unchanged(state, instance, "broken", note, cause)
        return _graded(state, instance, grades, status, work)

    return score


async def _agents_work(provider: Provider, state: TaskState, place: Grader, untouched: Untouched) -> Work:
    local = provider == "local"
    image = "" if local else str(state.metadata.get("image_digest") or "")
    known = await untouched.files(
        place.sandbox, place.root, image=image, python=sys.executable if local else ""
    )
    return await agent_work(
        inspect_sandbox(),
        "." if local else REPOSITORY,
        place.sandbox,
        place.root,
        known,
        limit=MAX_PATCH_BYTES,
        containers=not local,
        python=sys.executable if local else "",
    )


async def _broken_by(error: Exception, place: Grader) -> str:
    """What the agent did to its own container, so that its work cannot be had; empty if the host did it."""
    found = await agent_container(place.sandbox)
    if found is None or (isinstance(error, TimeoutError) and not await _answers(place)):
        return ""
    if any(words in str(error) for words in _FULL):
        return "disk" if found.broken_by == "disk" else ""
    if isinstance(error, GradingError) and not isinstance(error, AgentContainerError):
        return ""  # the grader's container failed
    return found.broken_by


async def _answers(place: Grader) -> bool:
    """Whether the grader's container answers soon, so that a machine under load is not the cause."""
    try:
        answer = await place.sandbox.exec(["true"], timeout=_SOON, timeout_retry=False, concurrency=False)
    except TimeoutError:
        return False
    return answer.success


@scorer(metrics=[{"resolved": [mean()], "agrees": [mean()]}])
def swebench_official(provider: Provider = "docker", tests_timeout: int = 1800, container: int = 2) -> Scorer:
    """The swebench package's own verdict on the patch that :func:`swebench_scorer` graded, beside it.

    The score's value has two entries: ``resolved`` (0 or 1) as that package reads it, and ``agrees``
    (whether our verdict is the same). An epoch whose patch was not graded has no second verdict.

    Args:
        provider: Where the sandboxes run.
        tests_timeout: Seconds that the tests may take.
        container: Number of the grading container that is left for it.
    """

    async def score(state: TaskState, target: Target) -> Score:
        first = (state.scores or {}).get("swebench_scorer")
        details = (first.metadata if first else None) or {}
        if not details.get("graded"):
            return unscored("no_response", explanation="the patch was not graded")
        instance = instance_from_metadata(state.metadata)
        async with fresh_grader(provider, instance, container, user=None) as place:
            patch = str(details["patch"]).encode()
            log = await run_official(
                place.sandbox, place.root, instance, patch, timeout=tests_timeout, setup=place.setup
            )
        official = read_official(instance, log)
        # It knows nothing of masked tests, so all of them are compared.
        ours = all(decode_tests(details["hm_tests"], details["hm_f2p"] + details["hm_p2p"]))
        agrees = official.resolved is ours
        return Score(
            value={"resolved": float(official.resolved), "agrees": float(agrees)},
            explanation=f"swebench {official.version}: {'resolved' if official.resolved else 'unresolved'}",
            metadata={"swebench_version": official.version, "official_tests": official.tests},
        )

    return score


def _unchanged(state: TaskState, instance: Instance, status: Status, note: str, cause: str = "") -> Score:
    outcomes = [False] * len(instance.fail_to_pass) + [True] * len(instance.pass_to_pass)
    details: dict[str, Any] = {"verdict": "unresolved", "graded": False}
    if cause:
        details["broken_by"] = cause
    return _score(state, instance, outcomes, status, note, details)


def _graded(
    state: TaskState, instance: Instance, grades: Sequence[Grade], status: Status, work: Work
) -> Score:
    result = grades[0]
    details = {
        "verdict": result.verdict,
        "graded": True,
        "exit_code": result.exit_code,
        "tests_seconds": round(result.seconds, 3),
        "patch": result.patch.text.decode("utf-8", "replace"),
        "patch_files": [printable(path) for path in result.patch.files],
        "patch_dropped": [
            *(list(entry) for entry in work.left_out),
            *([printable(path), reason] for path, reason in result.patch.dropped),
        ],
        "test_status": dict(result.statuses),
        "test_output": result.output,
    }
    if result.runner:
        details["tests_runner"] = result.runner
    if result.broken_by:
        details["broken_by"] = result.broken_by
    if len(grades) > 1:
        details["hm_regrades"] = _regrades([g.outcomes for g in grades[1:]], len(instance.fail_to_pass))
    status = "tampered" if result.verdict == "tampered" else "broken" if result.broken_by else status
    return _score(state, instance, result.outcomes, status, result.note, details)


def _regrades(further: Sequence[Sequence[bool]], f2p: int) -> list[str]:
    """The further gradings as bit strings; of FAIL_TO_PASS alone where all would not fit into summaries."""
    whole = [encode_tests(outcomes) for outcomes in further]
    if sum(map(len, whole)) + 4 * len(whole) <= _LARGEST_LIST:
        return whole
    return [encode_tests(outcomes[:f2p]) for outcomes in further]


def _score(
    state: TaskState,
    instance: Instance,
    outcomes: Sequence[bool],
    status: Status,
    note: str,
    details: dict[str, Any],
) -> Score:
    split = len(instance.fail_to_pass)
    unstable = set(state.metadata.get("unstable_tests") or ())
    masked = [test in unstable for test in instance.tests]
    f2p, p2p = (
        [o for o, hidden in zip(outcomes[part], masked[part], strict=True) if not hidden]
        for part in (slice(None, split), slice(split, None))
    )
    value = {
        "resolved": float(all(f2p + p2p)) if f2p else math.nan,
        "f2p": _share(f2p),
        "p2p": _share(p2p),
        "pooled": _share(f2p + p2p),
    }
    if details["verdict"] == "unresolved" and value["resolved"] == 1:
        details["verdict"] = "resolved"  # what failed is masked
    summary = f"FAIL_TO_PASS {sum(f2p)}/{len(f2p)}, PASS_TO_PASS {sum(p2p)}/{len(p2p)}, {details['verdict']}"
    dropped = details.get("patch_dropped", [])
    names = ", ".join(path for path, _ in dropped[:_SHOWN]) + (", …" if len(dropped) > _SHOWN else "")
    left_out = f"; left out of the patch: {shown(names)}" if dropped else ""
    hidden = f"; {counted(sum(masked), 'unstable test', 'does', 'do')} not count" if any(masked) else ""
    return Score(
        value=value,
        answer=shown(", ".join(details.get("patch_files", []))) or "(no change)",
        explanation=summary + (f" ({shown(note)})" if note else "") + left_out + hidden,
        metadata=epoch_metadata(
            kind="tests",
            epoch=state.epoch,
            status=status,
            f2p=outcomes[:split],
            p2p=outcomes[split:],
            lengths=_lengths(state),
        )
        | _about_instance(state, masked)
        | dict(details),
    )


def _lengths(state: TaskState) -> dict[str, int]:
    actions = taken_actions()
    return sample_lengths(state) | ({} if actions is None else {"hm_actions": actions})


def _about_instance(state: TaskState, masked: Sequence[bool]) -> dict[str, str]:
    entries = {}
    if any(masked):
        entries["hm_masked"] = encode_tests(masked)
    if digest := state.metadata.get("image_digest"):
        entries["hm_digest"] = str(digest).removeprefix("sha256:")[:_DIGEST_DIGITS]
    return entries


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else math.nan
