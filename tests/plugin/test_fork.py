"""Going on from a step of a recorded epoch, in Inspect's local sandbox."""

import json
import math
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import eval
from inspect_ai.event import timeline_build
from inspect_ai.log import read_eval_log
from inspect_ai.model import get_model

from hotmess_inspect.cli import main
from hotmess_inspect.plugin.fork import fork_log, recorded_turns, unbiased_variance, variance_interval
from hotmess_inspect.plugin.replay import STORE, replaying_model

CODE = "def add(a, b):\n    return a - b\n"
PATCH = (
    "diff --git a/calc.py b/calc.py\n--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n"
    " def add(a, b):\n-    return a - b\n+    return a + b\n"
)
ROW = {
    "instance_id": "toy-1",
    "problem_statement": "The function `add` subtracts its arguments.",
    "patch": PATCH,
    "FAIL_TO_PASS": '["t::a"]',
    "PASS_TO_PASS": "[]",
}
TASK = f'''
from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.tool import bash
from inspect_ai.util import sandbox

SETUP = """#!/bin/bash
git init -q . && printf '%s' '{CODE}' > calc.py && git add . && git -c user.name=a -c user.email=a@b commit -qm one
"""

@scorer(metrics=[accuracy()])
def added():
    async def score(state, target):
        shown = await sandbox().exec(["cat", "calc.py"])
        return Score(value=1.0 if "return a + b" in shown.stdout else 0.0)
    return score

@task
def toy():
    return Task(
        dataset=[Sample(id="toy-1", input="Fix: {ROW["problem_statement"]}", setup=SETUP)],
        solver=react(tools=[bash()]), scorer=added(), sandbox="local", message_limit=40,
    )
'''


@pytest.fixture(scope="module", autouse=True)
def no_profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A login shell of the local sandbox runs no profile of whoever tests, which may say other things each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight epochs of an agent that commits at step 1: on one branch it solves the instance, on the other never.

    The state of the sandbox is noted at every turn of the record.
    """
    folder = tmp_path_factory.mktemp("fork")
    rows = folder / "rows.jsonl"
    rows.write_text(json.dumps(ROW) + "\n")
    task = folder / "toy_task.py"
    task.write_text(TASK)
    arguments = {"rows": str(rows), "branch_step": 1, "actions": 1, "tests": 0.0, "edit": "python", "seed": 1}
    agent = get_model("hotmess/simulated-agent", **arguments)
    (done,) = eval(
        f"{task}@toy",
        model=replaying_model(agent, [], [], every_turn=True),
        model_args=arguments,
        epochs=8,
        log_dir=str(folder / "logs"),
        display="none",
    )
    assert done.status == "success"
    return Path(done.location)


def outcomes(path: str | Path) -> dict[int, float]:
    return {s.epoch: s.scores["added"].value for s in read_eval_log(str(path)).samples or []}  # type: ignore[index,misc]


def test_before_the_commitment_both_ends_are_open_and_after_it_one(log: Path, tmp_path: Path) -> None:
    recorded = outcomes(log)
    assert set(recorded.values()) == {0.0, 1.0}
    for epoch in (next(e for e, v in recorded.items() if v == value) for value in (0.0, 1.0)):
        after = fork_log(str(log), question="toy-1", epoch=epoch, step=2, epochs=6, log_dir=str(tmp_path))
        assert after.verified and after.replayed == 2 and after.epochs == 6
        assert set(outcomes(after.log).values()) == {recorded[epoch]}
        assert after.variance == 0
        # Six epochs that end alike leave room for another end of probability 1 − .05^(1/6) = .393.
        assert after.interval == pytest.approx((0.0, 0.393 * 0.607), abs=1e-3)
        same = [v for v in recorded.values() if v == recorded[epoch]]
        assert (after.observed_epochs, after.observed) == (len(same), 0)
        assert after.whole == pytest.approx(np.var(list(recorded.values()), ddof=1))
    before = fork_log(str(log), question="toy-1", epoch=1, step=1, epochs=12, log_dir=str(tmp_path))
    assert before.verified and before.replayed == 1
    ends = list(outcomes(before.log).values())
    assert set(ends) == {0.0, 1.0}
    assert before.variance == pytest.approx(np.var(ends, ddof=1))
    assert before.interval[0] < before.variance < before.interval[1]


def test_replay_is_in_the_recorded_state_at_every_turn(log: Path, tmp_path: Path) -> None:
    for epoch in (1, 2):
        sample = next(s for s in read_eval_log(str(log)).samples or [] if s.epoch == epoch)
        noted = {turn: state for turn, state in sample.store[STORE]["states"]}
        assert None not in noted.values() and len(set(noted.values())) > 1
        calls = sum(e.event == "tool" for e in sample.events)
        found = fork_log(
            str(log),
            question="toy-1",
            epoch=epoch,
            step=calls - 1,
            epochs=1,
            log_dir=str(tmp_path),
            every_turn=True,
        )
        again = read_eval_log(found.log).samples[0].store[STORE]["states"]  # type: ignore[index]
        assert {turn: state for turn, state in again} == noted
        assert found.recorded == noted[found.replayed]


def test_log_is_an_ordinary_one_with_branches(log: Path, tmp_path: Path) -> None:
    found = fork_log(str(log), question="toy-1", epoch=1, step=1, epochs=2, log_dir=str(tmp_path))
    header, source = (read_eval_log(path, header_only=True) for path in (found.log, str(log)))
    assert (header.eval.task, header.eval.model) == (source.eval.task, source.eval.model)
    assert header.eval.metadata["hotmess_fork"]["step"] == 1  # type: ignore[index]
    for sample in read_eval_log(found.log).samples or []:
        (branch,) = timeline_build(sample.events).root.branches
        assert branch.branched_from == f"fork-{sample.epoch}-anchor"
        replayed = [e for e in sample.events if e.event == "tool" and e.id.startswith("replayed-")]
        assert len(replayed) == 1
    # What is replayed is no parting: the epochs agree up to the step.
    done = CliRunner().invoke(main, ["diverge", found.log, "--json", "--permutations", "9"])
    (group,) = json.loads(done.stdout)["groups"]
    assert min((s["step"] for s in group["steps"]), default=1) >= 1


def test_another_answer_is_told(log: Path, tmp_path: Path) -> None:
    """A record whose tool answered otherwise than the sandbox does now."""
    changed = read_eval_log(str(log), resolve_attachments=True)
    for sample in changed.samples or []:
        sample.store = {}
        first = next(e for e in sample.events if e.event == "tool")
        first.result = "something else"
    path = tmp_path / "changed.eval"
    from inspect_ai.log import write_eval_log

    write_eval_log(changed, str(path))
    arguments = ["fork", str(path), "--question", "toy-1", "--epoch", "1", "--at", "1", "--epochs", "1"]
    done = CliRunner().invoke(main, [*arguments, "--log-dir", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "answered otherwise than recorded at turns 0" in done.output


def test_wrong_calls(log: Path) -> None:
    for question, epoch, step, message in (
        ("toy-1", 1, 99, "step 99 does not exist"),
        ("toy-1", 77, 0, "no epoch 77"),
        ("other", 1, 0, "no question 'other'"),
    ):
        with pytest.raises(ValueError, match=message):
            fork_log(str(log), question=question, epoch=epoch, step=step, epochs=1)


def test_turns_up_to_a_step(log: Path) -> None:
    sample = (read_eval_log(str(log), resolve_attachments=True).samples or [])[0]
    calls = sum(e.event == "tool" for e in sample.events)
    assert [len(recorded_turns(sample, step)[0]) for step in range(calls + 1)] == list(range(calls + 1))


def test_answers_under_one_id_belong_to_their_turns(log: Path) -> None:
    """A provider that gives every call the same id: the digests are those of the recorded order."""
    sample = (read_eval_log(str(log), resolve_attachments=True).samples or [])[0]
    calls = sum(e.event == "tool" for e in sample.events)
    turns, wanted = recorded_turns(sample, calls)
    for event in sample.events:
        if event.event == "model":
            for call in event.output.choices[0].message.tool_calls or []:
                call.id = "bash"
        elif event.event == "tool":
            event.id = "bash"
    assert recorded_turns(sample, calls) == (turns, wanted)
    assert len({digest for own in wanted for digest in own}) > 1


def test_forks_are_not_pooled_with_the_epochs_that_they_come_from() -> None:
    from hotmess_inspect.io.records import EvalRecord, HeaderRecord
    from hotmess_inspect.io.variants import variant_of

    def variant(metadata: object) -> str:
        return variant_of(HeaderRecord(EvalRecord("t", "m", metadata=metadata)))

    fork = {"hotmess_fork": {"log": "a", "question": "q", "epoch": 1, "step": 2}}
    assert variant(None) == variant({"note": "any"}) == variant("odd")
    assert (
        len({variant(None), variant(fork), variant({"hotmess_fork": {**fork["hotmess_fork"], "step": 3}})})
        == 3
    )


def test_variance_and_its_interval() -> None:
    values = np.array([[1.0], [0.0], [0.0], [1.0], [0.0]])
    assert unbiased_variance(values) == pytest.approx(values.var(ddof=1))
    pairs = [np.square(a - b).sum() / 2 for a, b in combinations(values, 2)]
    assert unbiased_variance(values) == pytest.approx(np.mean(pairs))
    low, high = variance_interval(values, 1.0)
    assert 0 <= low < 0.3 < high <= 0.5
    assert math.isnan(unbiased_variance(values[:1]))
    assert all(math.isnan(end) for end in variance_interval(values[:1], 1.0))
