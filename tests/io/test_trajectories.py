"""Calls and steps from transcripts."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import includes
from inspect_ai.solver import basic_agent
from inspect_ai.tool import Tool, tool

from hotmess_inspect.io.sources import File
from hotmess_inspect.io.steps import call_steps, digest, load_labeller, stated_answer, text_steps
from hotmess_inspect.io.trajectories import Call, Trajectory, iter_trajectories


def file_of(path: Path) -> File:
    return File(str(path), os.path.getsize(path), named=True)


def read(path: Path) -> list[Trajectory]:
    failures: list[tuple[str, str]] = []
    found = list(iter_trajectories([file_of(path)], failed=lambda log, why: failures.append((log, why))))
    assert not failures
    return found


@tool
def bash() -> Tool:
    async def execute(command: str) -> str:
        """Run a command.

        Args:
            command: The command.
        """
        return f"ran {command}" + " and more" * 300

    return execute


def outputs(scripts: list[list[tuple[str, dict[str, Any]]]]) -> list[ModelOutput]:
    made = []
    for script in scripts:
        for name, arguments in script:
            output = ModelOutput.for_tool_call("mockllm/model", name, arguments)
            output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            made.append(output)
    return made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of one question: one looks at a.py, the other at b.py, after the same long command."""
    long = "cat a.py # " + "x" * 2000
    scripts = [
        [
            ("bash", {"command": long}),
            ("bash", {"command": f"sed -n 1p {name}"}),
            ("submit", {"answer": answer}),
        ]
        for name, answer in (("a.py", "yes"), ("b.py", "no"))
    ]
    task = Task(
        dataset=[Sample(id="q/1", input="?", target="yes")],
        solver=basic_agent(tools=[bash()]),
        scorer=includes(),
        epochs=2,
    )
    model = get_model("mockllm/model", custom_outputs=outputs(scripts))
    folder = tmp_path_factory.mktemp("calls")
    (done,) = eval(task, model=model, log_dir=str(folder), display="none", max_samples=1)
    return Path(done.location)


def test_calls_of_a_log(log: Path) -> None:
    first, second = read(log)
    assert (first.question, first.epoch, second.epoch) == ("q/1", 1, 2)
    assert [call.tool for call in first.calls] == ["bash", "bash", "submit"]
    # Long arguments and answers are attachments of the sample, and come back whole.
    assert first.calls[0].arguments["command"].endswith("x" * 2000)  # type: ignore[index]
    assert first.calls[0].result.startswith("ran cat a.py") and "attachment" not in first.calls[0].result
    events = {event.uuid for event in read_eval_log(str(log)).samples[0].events if event.event == "tool"}  # type: ignore[index]
    assert {call.event for call in first.calls} == events


def test_json_log_gives_the_same_calls(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    write_eval_log(read_eval_log(str(log)), str(path))
    for one, two in zip(read(log), read(path), strict=True):
        assert one.calls == two.calls


def test_messages_count_where_there_are_no_events(log: Path, tmp_path: Path) -> None:
    stripped = read_eval_log(str(log))
    for sample in stripped.samples or []:
        sample.events = []
    path = tmp_path / "old.json"
    write_eval_log(stripped, str(path))
    for one, two in zip(read(log), read(path), strict=True):
        assert [(c.tool, c.arguments) for c in one.calls] == [(c.tool, c.arguments) for c in two.calls]
        # basic_agent keeps no message of the answer to submit.
        assert [c.result for c in one.calls][:2] == [c.result for c in two.calls][:2]


@pytest.mark.parametrize(
    ("metadata", "tests"),
    [
        ({"fail_to_pass": ["a", "b"], "pass_to_pass": ["c"], "other": {"x": [1]}}, ("a", "b", "c")),
        ({"fail_to_pass": "['a']", "pass_to_pass": None}, ()),  # other people's samples
        ({"fail_to_pass": [1], "FAIL_TO_PASS": "['a']"}, ("1",)),
        ({}, ()),
        (None, ()),
    ],
)
def test_names_of_unit_tests(log: Path, tmp_path: Path, metadata: Any, tests: tuple[str, ...]) -> None:
    whole = read_eval_log(str(log)).model_dump(mode="json", exclude_none=True)
    for sample in whole["samples"]:
        sample["metadata"] = metadata
    path = tmp_path / "named.json"
    path.write_text(json.dumps(whole))
    assert [(one.calls, one.tests) for one in read(path)] == [(one.calls, tests) for one in read(log)]


def test_damaged_sample_is_told_and_the_rest_read(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.eval"
    data = log.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    failures: list[str] = []
    good = list(
        iter_trajectories([file_of(path), file_of(log)], failed=lambda log, why: failures.append(log))
    )
    assert failures == [str(path)]
    assert len(good) == 2


def tau_run(task: int, trial: int, reward: float, calls: list[tuple[str, str]]) -> dict[str, Any]:
    traj: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
    for number, (name, arguments) in enumerate(calls):
        call = {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        traj += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "name": name, "content": f"answer {number}"},
        ]
    return {"task_id": task, "trial": trial, "reward": reward, "info": {}, "traj": traj}


@pytest.mark.parametrize("packed", [False, True])
def test_tau_bench(tmp_path: Path, packed: bool) -> None:
    runs = [tau_run(7, 0, 1.0, [("look", '{"b": 1, "a": 2}'), ("book", "not json")]), tau_run(7, 1, 0.0, [])]
    path = tmp_path / ("runs.json.gz" if packed else "runs.json")
    text = json.dumps(runs).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    first, second = read(path)
    assert first.calls == (Call("look", {"b": 1, "a": 2}, "answer 0"), Call("book", "not json", "answer 1"))
    assert (first.question, first.epoch, second.epoch, second.calls) == ("7", 0, 1, ())


ONE_ID = [("bash", {"command": "ls"}), ("bash", {"command": "cat a.py"}), ("bash", {"command": "ls"})]
"""A provider that gives every call the same id, the name of the tool: the last step is like the first."""


@pytest.mark.parametrize("with_events", [True, False])
def test_calls_under_one_id_are_all_steps(log: Path, tmp_path: Path, with_events: bool) -> None:
    changed = read_eval_log(str(log), resolve_attachments=True)
    for sample in changed.samples or []:
        model, tool = (next(e for e in sample.events if e.event == kind) for kind in ("model", "tool"))
        events, messages = [], []
        for number, (name, arguments) in enumerate(ONE_ID):
            asked = model.model_copy(deep=True)
            (call,) = asked.output.choices[0].message.tool_calls
            call.id, call.function, call.arguments = "bash", name, arguments
            made = tool.model_copy(
                update={"id": "bash", "function": name, "arguments": arguments, "result": f"answer {number}"}
            )
            # The model's answer is recorded twice, as by an agent that reaches it through a proxy.
            events += [asked, asked.model_copy(deep=True), made]
            messages += [
                asked.output.choices[0].message.model_copy(deep=True),
                ChatMessageTool(content=f"answer {number}", tool_call_id="bash", function=name),
            ]
        sample.events, sample.messages = (events if with_events else []), messages
    path = tmp_path / "same.json"
    write_eval_log(changed, str(path))
    for own in read(path):
        assert [(c.tool, c.arguments, c.result) for c in own.calls] == [
            (name, arguments, f"answer {number}") for number, (name, arguments) in enumerate(ONE_ID)
        ]


def test_calls_of_one_turn_under_one_id(tmp_path: Path) -> None:
    calls = [{"id": "x", "function": {"name": "look", "arguments": a}} for a in ('{"a": 1}', '{"a": 1}')]
    answers = [{"role": "tool", "tool_call_id": "x", "content": text} for text in ("first", "second")]
    traj = [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]
    path = tmp_path / "runs.json"
    path.write_text(json.dumps([{"task_id": 1, "trial": 0, "reward": 1.0, "info": {}, "traj": traj}]))
    (only,) = read(path)
    assert only.calls == (Call("look", {"a": 1}, "first"), Call("look", {"a": 1}, "second"))


def test_commands_between_fences_are_calls_where_an_answer_follows(log: Path, tmp_path: Path) -> None:
    changed = read_eval_log(str(log))
    first, second = changed.samples or []
    first.events, second.events = [], []
    first.messages = [
        ChatMessageUser(content="Mend it."),
        ChatMessageAssistant(content="I look.\n\n```bash\nls src\n```"),
        ChatMessageUser(content="a.py"),
        ChatMessageAssistant(content="And I end:\n```mswea_bash_command\ncat > b.py <<E\nx\nE\n```\n"),
        ChatMessageUser(content="done"),
        ChatMessageAssistant(content="It was\n```bash\nls\n```"),
    ]
    # A single answer that holds code is no agent's.
    second.messages = [ChatMessageUser(content="?"), ChatMessageAssistant(content="```bash\nls\n```")]
    path = tmp_path / "text.json"
    write_eval_log(changed, str(path))
    acting, answering = read(path)
    assert acting.calls == (
        Call("bash", {"command": "ls src"}, "a.py"),
        Call("bash", {"command": "cat > b.py <<E\nx\nE"}, "done"),
    )
    assert (answering.calls, answering.text) == ((), "```bash\nls\n```")
    # A model that could call tools and wrote instead has run nothing: the next message tells it to go on.
    asked = next(e for e in (read_eval_log(str(log)).samples or [])[0].events if e.event == "model")
    assert asked.tools
    asked.output = ModelOutput.from_content("mockllm/model", "text")
    first.events = [asked]
    write_eval_log(changed, str(path))
    assert read(path)[0].calls == ()


def trajectory(*calls: Call, text: str = "") -> Trajectory:
    return Trajectory("log", "q", 1, calls, text)


def test_grains() -> None:
    look = Call("bash", {"command": "cd /testbed && sed -n '1,5p' a.py"})
    edit = Call("text_editor", {"command": "str_replace", "path": "/testbed/a.py", "old_str": "x"})
    book = Call("book", {"b": 1, "a": [1, 2]})
    own = trajectory(look, edit, book, Call("submit", {"answer": "1"}))

    def labels(grain: str) -> list[tuple[str, str]]:
        return [(step.tool, step.target) for step in call_steps(own, grain)]

    assert labels("tool") == [("bash", ""), ("text_editor", ""), ("book", ""), ("submit", "")]
    assert labels("target") == [("sed", "a.py"), ("str_replace", "a.py"), ("book", ""), ("submit", "")]
    assert [step.final for step in call_steps(own, "exact")] == [False, False, False, True]
    assert [step.label for step in call_steps(own, "state")] == ["", "a.py", "a.py", "a.py"]
    # Arguments are compared whatever the order of their keys.
    turned = call_steps(trajectory(Call("book", {"a": [1, 2], "b": 1})), "exact")
    assert turned[0].label == call_steps(own, "exact")[2].label
    other = call_steps(trajectory(Call("book", {"a": [2, 1], "b": 1})), "exact")
    assert other[0].label != turned[0].label


def test_grain_of_the_users_own() -> None:
    labeller = load_labeller("os.path:basename")
    assert labeller is not None
    short = call_steps(trajectory(Call("a/b", {})), "x:y", lambda tool, arguments: tool[-1])
    assert [step.label for step in short] == ["b"]
    assert call_steps(trajectory(Call("a", {})), "x:y", lambda tool, arguments: None) == []
    with pytest.raises(ValueError, match="MODULE:FUNCTION"):
        load_labeller("words")
    with pytest.raises(ValueError, match="cannot be imported"):
        load_labeller("os.path:nothing")


def test_steps_of_reasoning() -> None:
    text = "Let me see. The answer is B.\n\nNo: the answer is (C). Done."
    own = trajectory(text=text)
    assert [step.label for step in text_steps(own, "target", "paragraph")] == ["B", "C"]
    assert [step.label for step in text_steps(own, "target", "sentence")] == ["", "B", "C", ""]
    assert next(step.label for step in text_steps(own, "exact", "sentence")) == "let me see."
    assert stated_answer(r"so \boxed{12}") == "12"


def test_answers_are_equal_but_for_times() -> None:
    assert digest("3 passed in 0.12s") == digest("3  passed in 4.5s\n")
    assert digest("3 passed in 0.12s") != digest("2 passed in 0.12s")


def test_tau_squared(tmp_path: Path) -> None:
    call = {"id": "c1", "name": "look", "arguments": {"a": 1}, "requestor": "assistant"}
    messages = [
        {"role": "user", "content": "Hello", "tool_calls": [{"id": "u", "name": "reboot", "arguments": {}}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "id": "c1", "content": "seen"},
    ]
    run = {"id": "x", "task_id": "t1", "trial": 2, "messages": messages, "reward_info": {"reward": 1.0}}
    info = {"agent_info": {"llm": "m"}, "environment_info": {"domain_name": "retail"}}
    path = tmp_path / "two.json"
    path.write_text(json.dumps({"timestamp": "now", "info": info, "tasks": [], "simulations": [run]}))
    (only,) = read(path)
    # What the user's side calls is no step of the agent.
    assert (only.question, only.epoch, only.calls) == ("t1", 2, (Call("look", {"a": 1}, "seen"),))


def test_harbor_trials_with_atif_trajectories(tmp_path: Path) -> None:
    """Two trials of one task that part at step 1, one of them solved: read as a whole job."""
    from click.testing import CliRunner

    from hotmess_inspect.cli import main

    for name, action, reward in (("hello__a", "edit", 1.0), ("hello__b", "think", 0.0)):
        trial = tmp_path / "job" / name
        (trial / "agent").mkdir(parents=True)
        steps = [
            {"step_id": 1, "source": "user", "message": "Do it."},
            {
                "step_id": 2,
                "source": "agent",
                "message": "",
                "tool_calls": [
                    {"tool_call_id": "1", "function_name": "bash", "arguments": {"command": "ls"}}
                ],
                "observation": {"results": [{"source_call_id": "1", "content": "a.py"}]},
            },
            {
                "step_id": 3,
                "source": "agent",
                "message": "",
                "tool_calls": [{"tool_call_id": "2", "function_name": action, "arguments": {}}],
            },
        ]
        document = {"schema_version": "ATIF-v1.4", "session_id": name, "agent": {"name": "x"}, "steps": steps}
        (trial / "agent" / "trajectory.json").write_text(json.dumps(document))
        result = {
            "trial_name": name,
            "task_name": "hello",
            "verifier_result": {"rewards": {"reward": reward}},
            "agent_info": {"name": "x", "model_info": {"name": "m"}},
        }
        (trial / "result.json").write_text(json.dumps(result))
    done = CliRunner().invoke(main, ["diverge", str(tmp_path / "job"), "--json", "--permutations", "9"])
    (group,) = json.loads(done.stdout)["groups"]
    assert group["variance"] == pytest.approx(0.5)
    assert [(s["step"], s["share"]) for s in group["steps"]] == [(1, 1.0)]
    (node,) = group["questions"][0]["nodes"]
    assert sorted(b["tool"] for b in node["branches"]) == ["edit", "think"]
