import json
import subprocess
from collections import Counter
from pathlib import Path

import anyio
import pytest
from inspect_ai import Task, eval
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser, GenerateConfig, get_model
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.tool import ToolCallError, ToolInfo, ToolParams, bash
from inspect_ai.util import sandbox
from tests.oracles.agent_truth import agent_truth

from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments, mixture
from hotmess_inspect.simulated.plan import Past, branch_commands, draw_plan, edit_commands
from hotmess_inspect.swebench.mini.source import mini_packages, package_files

CODE = "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n"
PATCH = (
    "diff --git a/calc.py b/calc.py\n--- a/calc.py\n+++ b/calc.py\n@@ -1,5 +1,5 @@\n"
    " def add(a, b):\n-    return a - b\n+    return a + b\n \n \n def sub(a, b):\n"
)
ROW = {
    "instance_id": "toy-1",
    "problem_statement": "The function `add` subtracts its arguments.",
    "patch": PATCH,
    "FAIL_TO_PASS": '["t::a"]',
    "PASS_TO_PASS": '["t::b", "t::c"]',
}
SETUP = f"#!/bin/bash\ngit init -q . && printf '%s' '{CODE}' > calc.py && git add . && git -c user.name=a -c user.email=a@b commit -qm one\n"


@scorer(metrics=[accuracy()])
def added():
    async def score(state, target):
        shown = await sandbox().exec(["bash", "-c", "git diff; git status --short; cat calc.py"])
        return Score(value=1 if "return a + b" in shown.stdout else 0, explanation=shown.stdout)

    return score


@pytest.fixture
def rows(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROW) + "\n")
    return str(file)


def run(tmp_path, rows, epochs=7, limit=60, agent=None, name="toy-1", **arguments):
    task = Task(
        dataset=MemoryDataset([Sample(id=name, input="Fix this: " + ROW["problem_statement"], setup=SETUP)]),
        solver=agent or react(tools=[bash()]),
        scorer=added(),
        sandbox="local",
        message_limit=limit,
    )
    [log] = eval(
        task,
        model="hotmess/simulated-agent",
        model_args={"rows": rows, "tests": 0.0, **arguments},
        epochs=epochs,
        display="none",
        log_dir=str(tmp_path),
        log_realtime=False,
    )
    assert log.status == "success", log.error
    return {sample.epoch: sample for sample in log.samples}


def planned(rows, epoch, **arguments):
    [instance] = [known for name, known in load_instances(rows).items() if name == "toy-1"]
    return draw_plan(instance, AgentArguments(rows=rows, tests=0.0, **arguments), epoch)


def calls(sample):
    return [call for message in sample.messages for call in getattr(message, "tool_calls", None) or []]


@pytest.mark.slow
def test_every_epoch_does_to_the_repository_what_was_planned(tmp_path, rows):
    arguments = {"spread": 0.0, "right": 0.5, "actions": 2.0, "parallel": 0.5, "empty": 0.1}
    samples = run(tmp_path, rows, **arguments)
    kinds = Counter()
    for epoch, sample in samples.items():
        plan = planned(rows, epoch, **arguments)
        kinds[plan.fix.kind] += 1
        shown = sample.scores["added"].explanation
        assert sample.scores["added"].value == int(plan.fix.kind == "right")
        assert ("REMARK.txt" in shown) == (plan.fix.kind == "wrong")
        wanted = [command for step in plan.steps for command in step.commands]
        assert [
            call.arguments["command"].split("\n", 1)[1] for call in calls(sample) if call.function == "bash"
        ] == wanted
        assert sample.limit is None
        assert not [m for m in sample.messages if isinstance(m, ChatMessageTool) and m.error]
    assert kinds["right"] and kinds["wrong"]


def test_an_agent_that_never_submits_runs_into_the_limit(tmp_path, rows):
    samples = run(tmp_path, rows, epochs=2, limit=20, no_submit=1.0)
    assert {sample.limit.type for sample in samples.values()} == {"message"}
    assert len(calls(samples[1])) >= 8


def test_without_a_submit_tool_a_plain_message_ends_it(tmp_path, rows):
    samples = run(tmp_path, rows, epochs=2, agent=react(tools=[bash()], submit=False), right=1, empty=0.5)
    for sample in samples.values():
        assert sample.scores["added"].value == 1
        assert sample.messages[-1].tool_calls is None
        assert "submit" not in {call.function for call in calls(sample)}


def test_an_instance_is_recognised_by_its_problem_statement(tmp_path, rows):
    samples = run(tmp_path, rows, epochs=1, name="some other name", right=1)
    assert samples[1].scores["added"].value == 1


def shell(name="bash", argument="command", kind="string"):
    return ToolInfo(
        name=name,
        description="",
        parameters=ToolParams(properties={argument: {"type": kind, "description": ""}}, required=[argument]),
    )


def turn(rows, messages, tools=None, config=None, **arguments):
    model = get_model("hotmess/simulated-agent", memoize=False, rows=rows, **arguments)

    async def once():
        return await model.api.generate(
            messages, tools or [shell()], "auto", GenerateConfig(**(config or {}))
        )

    return anyio.run(once)


def opening():
    return [ChatMessageUser(id="first", content=ROW["problem_statement"])]


def test_a_failed_edit_is_tried_again_and_a_failed_look_is_not(rows):
    arguments = {
        "right": 1,
        "actions": 1.0,
        "actions_spread": 0.0,
        "actions_between": 0.0,
        "edits": "one",
        "tests": 0.0,
    }
    messages = opening()
    seen = []
    for _ in range(6):
        message = turn(rows, messages, **arguments).message
        if not message.tool_calls:
            break
        [call] = message.tool_calls
        seen.append(call.id)
        error = ToolCallError("timeout", "too slow")
        messages += [message, ChatMessageTool(content="", tool_call_id=call.id, function="bash", error=error)]
    # one look, then the edit in three attempts; the end is a plain message, for there is no submit tool
    assert seen == ["hm-0-0-0", "hm-1-0-0", "hm-1-1-0", "hm-1-2-0"]


def test_a_turn_is_a_function_of_the_conversation(rows):
    first = turn(rows, opening(), seed=3)
    again = turn(rows, opening(), seed=3)
    assert first.message.tool_calls == again.message.tool_calls
    assert first.usage == again.usage
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens > 0


def test_trimmed_history_keeps_the_place(rows):
    arguments = {"right": 1, "actions": 3.0, "actions_spread": 0.0, "actions_between": 0.0}
    messages = opening()
    for _ in range(2):
        message = turn(rows, messages, **arguments).message
        messages += [
            message,
            ChatMessageTool(content="", tool_call_id=message.tool_calls[0].id, function="bash"),
        ]
    trimmed = [messages[0], *messages[-2:]]
    assert turn(rows, trimmed, **arguments).message.tool_calls[0].id == "hm-2-0-0"


def test_renamed_calls_are_counted(rows):
    message = ChatMessageAssistant(
        content="", tool_calls=turn(rows, opening(), actions=5.0).message.tool_calls
    )
    message.tool_calls[0].id = "renamed"
    tool = ChatMessageTool(content="", tool_call_id="renamed", function="bash")
    following = turn(rows, [*opening(), message, tool], actions=5.0).message
    assert following.tool_calls[0].id == "hm-1-0-0"


@pytest.mark.parametrize(
    ("tool", "name", "kind"),
    [
        (shell("execute_command", "cmd"), "cmd", str),
        (shell("my_shell", "script"), "script", str),
        (shell("shell", "command", "array"), "command", list),
    ],
)
def test_shell_tools_of_other_scaffolds_are_used(rows, tool, name, kind):
    [call] = turn(rows, opening(), tools=[tool], actions=3.0).message.tool_calls
    assert (call.function, type(call.arguments[name])) == (tool.name, kind)


def test_without_a_shell_or_a_known_instance_it_says_so(rows):
    with pytest.raises(Exception, match=r"needs a shell tool; the tools are \['calculator'\]"):
        turn(rows, opening(), tools=[shell("calculator")], actions=3.0)
    with pytest.raises(Exception, match="knows no fix for the question"):
        turn(rows, [ChatMessageUser(content="Something else.")])


def git(folder, *arguments, text=None):
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, input=text
    ).stdout


@pytest.mark.parametrize("package", mini_packages())
def test_edits_change_the_files_as_git_does(tmp_path, package):
    git(tmp_path, "init", "-q", ".")
    for path, content in package_files(package).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one")
    fixes = [
        fix
        for name, instance in load_instances("").items()
        if f"__{package}-" in name
        for fix in instance.fixes[:3]
        if fix.patch
    ]
    assert fixes
    for number, fix in enumerate(fixes):
        git(tmp_path, "apply", "-", text=fix.patch)
        git(tmp_path, "add", "-A")
        expected = git(tmp_path, "write-tree")
        git(tmp_path, "reset", "-q", "--hard")
        git(tmp_path, "clean", "-qfd")
        for command in edit_commands(fix.patch, python=number % 2 == 0, several=number % 3 == 0):
            done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert "not found once" not in done.stderr
        git(tmp_path, "add", "-A")
        assert git(tmp_path, "write-tree") == expected, fix.name
        git(tmp_path, "reset", "-q", "--hard")


def test_a_python_edit_falls_back_to_git_where_a_passage_is_not_unique(tmp_path):
    (tmp_path / "calc.py").write_text(CODE)
    repeated = (
        PATCH.replace("@@ -1,5 +1,5 @@\n def add(a, b):\n", "@@ -6,1 +6,1 @@\n").split("\n \n")[0] + "\n"
    )
    [command] = edit_commands(repeated, python=True, several=False)
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert "not found once" in done.stderr
    assert done.returncode == 0
    assert (tmp_path / "calc.py").read_text().count("return a + b") == 1


def test_truth_of_the_toy_is_that_of_a_coin(rows):
    [instance] = [known for name, known in load_instances(rows).items() if name == "toy-1"]
    stated = agent_truth([instance], AgentArguments(right=0.4, spread=0.0))
    assert stated["f2p"].incoherence == pytest.approx(0.4)


BRANCHING = {"branch_step": 2, "branch_share": 0.4, "branch_effect": 0.8, "spread": 0.2}


def test_a_branch_decides_the_fix_as_often_as_stated():
    """Frequencies over 4,000 plans against .8 · decided + .2 · the usual mixture, per branch."""
    arguments = AgentArguments(**BRANCHING)
    plain = AgentArguments(spread=0.2)
    instance = load_instances("")["hotmess-mini__daywork-1"]
    base = mixture(instance, plain)
    right, wrong = branch_commands(instance)
    plans = [draw_plan(instance, arguments, epoch) for epoch in range(1, 4001)]
    assert {plan.steps[2].commands[0] for plan in plans} == {right, wrong}
    # The turns before the branch are common to all epochs.
    assert len({tuple(step.commands for step in plan.steps[:2]) for plan in plans}) == 1
    for branch, command in enumerate((right, wrong)):
        own = [plan for plan in plans if plan.steps[2].commands == (command,)]
        share = (0.4, 0.6)[branch]
        assert len(own) / len(plans) == pytest.approx(share, abs=4 * (share * (1 - share) / 4000) ** 0.5)
        decided = [fix.kind for fix in instance.fixes].index(("right", "wrong")[branch])
        for place, fix in enumerate(instance.fixes):
            expected = 0.2 * base[place] + 0.8 * (place == decided)
            seen = sum(plan.fix == fix for plan in own) / len(own)
            assert seen == pytest.approx(
                expected, abs=4 * (expected * (1 - expected) / len(own)) ** 0.5 + 1e-9
            )
    # The stated truth averages over both branches.
    whole = mixture(instance, arguments)
    assert whole.sum() == pytest.approx(1)
    assert whole == pytest.approx(sum(s * mixture(instance, arguments, b) for b, s in ((0, 0.4), (1, 0.6))))


def test_what_goes_on_from_another_epoch_keeps_its_branch_and_its_edits():
    arguments = AgentArguments(**{**BRANCHING, "branch_effect": 1.0})
    instance = load_instances("")["hotmess-mini__daywork-1"]
    for branch, kind in enumerate(("right", "wrong")):
        resumed = [draw_plan(instance, arguments, e, past=Past(3, branch)) for e in range(1, 30)]
        assert {plan.fix.kind for plan in resumed} == {kind}
        assert all(step.commands == () for plan in resumed for step in plan.steps[:3])
    # Before the branch both ways are open, whatever the number of the epoch that is gone on from.
    early = [draw_plan(instance, arguments, e, past=Past(1, None)) for e in range(1, 60)]
    assert {plan.fix.kind for plan in early} == {"right", "wrong"}
    # What is edited stays edited: the fix is known, and nothing of it is left to do.
    patch = next(fix for fix in instance.fixes if fix.kind == "wrong").patch
    edited = tuple(edit_commands(patch, python=True, several=False))
    plans = [draw_plan(instance, arguments, e, past=Past(5, 0, edited)) for e in range(1, 20)]
    assert {plan.fix.kind for plan in plans} == {"wrong"}
    assert not any(step.edits for plan in plans for step in plan.steps)


def test_rows_that_change_between_two_runs_of_a_process_are_read_again(tmp_path, rows):
    for added in ("a + b", "b + a"):
        Path(rows).write_text(json.dumps(ROW | {"patch": PATCH.replace("a + b", added)}) + "\n")
        sample = run(tmp_path, rows, epochs=1, right=1.0, partial=0.0, wrong=0.0, nothing=0.0)[1]
        assert f"return {added}" in sample.scores["added"].explanation
