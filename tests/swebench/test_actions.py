"""Actions are counted alike, whoever the agent is and whatever it keeps of its history."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.agent import as_solver, react
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent, ToolEvent
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
    execute_tools,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver, use_tools
from inspect_ai.tool import ToolCall, ToolInfo, bash
from inspect_ai.util import sandbox

from hotmess_inspect.swebench.actions import taken_actions

# Two calls in one turn and one in the next: three actions, then the end.
TURNS = (("true", "true"), ("true",))


def answer(messages: list[Any], tools: list[Any], *_: Any) -> ModelOutput:
    turn = sum(isinstance(message, ChatMessageAssistant) for message in messages)
    if turn < len(TURNS):
        output = ModelOutput.for_tool_call("mockllm/model", "bash", {"command": "true"})
        message = output.choices[0].message
        assert message.tool_calls
        message.tool_calls = [
            replace(message.tool_calls[0], id=f"call-{turn}-{n}") for n in range(len(TURNS[turn]))
        ]
    elif any(tool.name == "submit" for tool in tools):
        output = ModelOutput.for_tool_call("mockllm/model", "submit", {"answer": "done"})
    else:
        output = ModelOutput.from_content("mockllm/model", "done")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


@solver
def own_loop() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await generate(state, tool_calls="loop")

    return solve


@solver
def forgetful_loop() -> Solver:
    """Keeps its conversation to itself and none of it in the sample, as agents behind a bridge do."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        messages: list[Any] = [ChatMessageUser(content="go")]
        while True:
            output = await get_model().generate(messages, tools=[bash()])
            messages.append(output.message)
            if not output.message.tool_calls:
                return state
            messages += (await execute_tools(messages, [bash()])).messages

    return solve


@solver
def bridged_loop() -> Solver:
    """Runs what the model asks for by itself, so that no tool of Inspect's ever runs."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        messages: list[Any] = [ChatMessageUser(content="go")]
        while True:
            output = await get_model().generate(messages, tools=[bash()])
            messages.append(output.message)
            if not output.message.tool_calls:
                return state
            for call in output.message.tool_calls:
                done = await sandbox().exec(["bash", "-c", call.arguments["command"]])
                messages.append(ChatMessageTool(content=done.stdout, tool_call_id=call.id))

    return solve


@scorer(metrics=[mean()])
def actions() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        found = taken_actions()
        return Score(value=-1 if found is None else found)

    return score


@solver
def idle() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


@solver
def text_loop() -> Solver:
    """Acts through what it writes: no tool is offered and none is called."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        messages: list[Any] = [ChatMessageUser(content="go")]
        usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        said = ModelOutput.from_content("mockllm/model", "```bash\ntrue\n```")
        said.usage = usage
        model = get_model("mockllm/model", custom_outputs=[said] * 3, memoize=False)
        for _ in range(3):
            output = await model.generate(messages)
            messages += [output.message, ChatMessageUser(content="goes on")]
        return state

    return solve


def model_event(ids: list[str], *, name: str = "bash", tools: bool = True) -> ModelEvent:
    calls = [ToolCall(id=one, function=name, arguments={}) for one in ids]
    message = ChatMessageAssistant(content="", tool_calls=calls)
    return ModelEvent(
        model="m",
        input=[],
        tools=[ToolInfo(name="bash", description="")] if tools else [],
        tool_choice="auto",
        config=GenerateConfig(),
        output=ModelOutput(model="m", choices=[ChatCompletionChoice(message=message)]),
    )


def tool_event(one: str, name: str = "bash") -> ToolEvent:
    return ToolEvent(id=one, function=name, arguments={})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # Every call counts, whatever ids the provider gives.
        ([model_event([""]), model_event([""]), model_event(["", ""])], 4),
        ([model_event(["0"]), tool_event("0"), model_event(["0"]), tool_event("0")], 2),
        ([model_event(["a"]), model_event([""]), model_event([""], name="submit")], 2),
        ([model_event([""]), tool_event(""), model_event([""], name="submit"), tool_event("", "submit")], 1),
        # A tool that no recorded answer asked for.
        ([model_event([]), tool_event("x"), tool_event("y")], 2),
        # Tools were there and none was called: 0 is known.
        ([model_event([])], 0),
        # No tool but submit, or none at all: nothing is known.
        ([model_event([], tools=False)], None),
        ([model_event([""], name="submit", tools=False)], None),
        ([], None),
    ],
)
def test_calls_are_counted_whatever_their_ids(events: list[Any], expected: int | None) -> None:
    assert taken_actions(events) == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (lambda: as_solver(react(tools=[bash()])), 3),
        (lambda: [use_tools(bash()), own_loop()], 3),
        (forgetful_loop, 3),
        (bridged_loop, 3),
        (idle, -1),
        (text_loop, -1),
    ],
    ids=["react", "own loop", "forgetful", "bridged", "idle", "text"],
)
def test_actions(agent: Callable[[], Any], expected: int, tmp_path: Path) -> None:
    log = inspect_eval(
        Task(dataset=[Sample(id="one", input="go")], solver=agent(), scorer=actions(), sandbox="local"),
        model=get_model("mockllm/model", custom_outputs=answer),
        log_dir=str(tmp_path),
        display="none",
    )[0]
    assert log.status == "success", log.error
    (sample,) = log.samples or []
    assert (sample.scores or {})["actions"].value == expected
