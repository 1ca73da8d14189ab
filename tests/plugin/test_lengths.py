"""Actions, turns and tokens of an epoch."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    ModelName,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolCall

from hotmess_inspect.plugin.lengths import sample_lengths, sample_status


def usage(output: int, reasoning: int | None = None) -> ModelUsage:
    return ModelUsage(
        input_tokens=1, output_tokens=output, total_tokens=output + 1, reasoning_tokens=reasoning
    )


def answer(*tools: str, source: Any = "generate") -> ChatMessageAssistant:
    calls = [ToolCall(id=str(i), function=name, arguments={}) for i, name in enumerate(tools)]
    return ChatMessageAssistant(content="x", tool_calls=calls or None, source=source)


def state(*messages: ChatMessageAssistant, output: ModelOutput | None = None, **options: Any) -> TaskState:
    return TaskState(
        model=ModelName("mockllm/model"),
        sample_id=1,
        epoch=1,
        messages=[ChatMessageUser(content="q"), *messages],
        output=output,
        **({"input": "q"} | options),
    )


def test_actions_are_tool_calls_without_submit() -> None:
    found = sample_lengths(state(answer("bash"), answer("bash", "python"), answer("submit")))
    assert found == {"hm_actions": 3, "hm_turns": 3}


def test_an_agent_that_submits_at_once_took_no_action() -> None:
    assert sample_lengths(state(answer("submit"))) == {"hm_actions": 0, "hm_turns": 1}


def test_without_tools_actions_are_unknown() -> None:
    assert sample_lengths(state(answer())) == {"hm_turns": 1}
    assert sample_lengths(state()) == {}


def test_few_shot_answers_are_not_the_models_turns() -> None:
    given = ChatMessageAssistant(content="shot", id="shot")
    found = state(given, answer(source=None), input=[ChatMessageUser(content="q"), given])
    assert sample_lengths(found) == {"hm_turns": 1}
    assert sample_lengths(state(answer(source="input"), answer())) == {"hm_turns": 1}


def test_tokens_of_a_single_turn_without_a_transcript() -> None:
    output = ModelOutput.from_content("m", "x")
    output.usage = usage(12, 5)
    assert sample_lengths(state(answer(), output=output)) == {
        "hm_turns": 1,
        "hm_output_tokens": 12,
        "hm_reasoning_tokens": 5,
    }
    # The last of two outputs says nothing of the first.
    assert sample_lengths(state(answer(), answer(), output=output)) == {"hm_turns": 2}


@pytest.mark.parametrize(
    ("reason", "status"), [("stop", "ok"), ("max_tokens", "truncated"), ("model_length", "truncated")]
)
def test_status(reason: Any, status: str) -> None:
    assert sample_status(state(output=ModelOutput.from_content("m", "x", stop_reason=reason))) == status


SEEN: list[dict[str, Any]] = []


@scorer(metrics=[accuracy()])
def grader() -> Scorer:
    async def judge(state: TaskState, target: Target) -> Score:
        await get_model().generate("grade this")
        return Score(value="C")

    return judge


@scorer(metrics=[accuracy()])
def look() -> Scorer:
    async def judge(state: TaskState, target: Target) -> Score:
        SEEN.append(sample_lengths(state) | {"status": sample_status(state)})
        return Score(value="C")

    return judge


@solver
def turns(number: int) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for _ in range(number):
            state = await generate(state)
            state.messages.append(ChatMessageUser(content="go on"))
        return state

    return solve


def outputs(*usages: ModelUsage) -> list[ModelOutput]:
    found = []
    for one in usages:
        found.append(ModelOutput.from_content("mockllm/model", "x"))
        found[-1].usage = one
    return found


def measured(tmp_path: Path, replies: list[ModelOutput], **options: Any) -> dict[str, Any]:
    SEEN.clear()
    task = Task(dataset=[Sample(input="q")], solver=turns(3), scorer=[grader(), look()], **options)
    model = get_model("mockllm/model", custom_outputs=replies, memoize=False)
    log = eval(task, model=model, display="none", log_dir=str(tmp_path))[0]
    assert log.status == "success", log.error
    return SEEN[0]


def test_tokens_are_summed_over_the_calls_of_the_model_and_not_of_the_grader(tmp_path: Path) -> None:
    replies = outputs(usage(5, 1), usage(6), usage(7, 2), usage(1000, 1000))
    assert measured(tmp_path, replies) == {
        "hm_turns": 3,
        "hm_output_tokens": 18,
        "hm_reasoning_tokens": 3,
        "status": "ok",
    }


def test_a_limit_is_a_status(tmp_path: Path) -> None:
    found = measured(tmp_path, outputs(*[usage(5)] * 4), message_limit=4)
    assert found == {"hm_turns": 2, "hm_output_tokens": 10, "status": "limit"}


def thought(*parts: str, redacted: bool = False) -> ChatMessageAssistant:
    reasoning = [ContentReasoning(reasoning=part, redacted=redacted) for part in parts]
    return ChatMessageAssistant(content=[*reasoning, ContentText(text="x")], source="generate")


def test_characters_of_reasoning_that_can_be_seen() -> None:
    found = sample_lengths(state(thought("abc", "de"), answer(), thought("f")))
    assert found == {"hm_turns": 3, "hm_reasoning_characters": 6}


@pytest.mark.parametrize("hidden", [thought("abc", redacted=True), thought("")])
def test_characters_are_unknown_where_any_reasoning_is_hidden(hidden: ChatMessageAssistant) -> None:
    assert "hm_reasoning_characters" not in sample_lengths(state(thought("abc"), hidden))
    assert "hm_reasoning_characters" not in sample_lengths(state(answer()))
