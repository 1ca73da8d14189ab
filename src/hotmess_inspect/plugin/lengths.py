"""How long an epoch was: actions, turns, output tokens, reasoning tokens, and how it ended."""

from collections.abc import Iterable, Iterator

from inspect_ai.event import Event, ModelEvent, SampleLimitEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ModelUsage
from inspect_ai.solver import TaskState

from hotmess_inspect.schema import Status

SUBMIT = "submit"


def sample_lengths(state: TaskState) -> dict[str, int]:
    """Measure one epoch, the same way for every agent.

    Args:
        state: The sample's state when it is scored (live, or rebuilt from a log).

    Returns:
        Only what is known of ``hm_actions`` (tool calls other than submit; only where there are tools),
        ``hm_turns`` (answers of the model, without those that came with the prompt),
        ``hm_output_tokens`` and ``hm_reasoning_tokens`` (sums over the calls of the model under test,
        graders not counted; left out when a call did not report them), and ``hm_reasoning_characters`` (of
        the reasoning that the model's messages show, another unit; left out where none is shown, or some is
        redacted or summarised). An unknown length has no key and is never 0.
    """
    answers = _generated(state)
    lengths: dict[str, int] = {}
    calls = [call.function for message in answers for call in message.tool_calls or []]
    if calls or state.tools:
        lengths["hm_actions"] = sum(name != SUBMIT for name in calls)
    if answers:
        lengths["hm_turns"] = len(answers)
    usages = _usages(state, turns=len(answers))
    if usages:
        lengths["hm_output_tokens"] = sum(usage.output_tokens for usage in usages)
    reasoning = [usage.reasoning_tokens for usage in usages if usage.reasoning_tokens is not None]
    if reasoning:
        lengths["hm_reasoning_tokens"] = sum(reasoning)
    characters = _reasoning_characters(answers)
    if characters is not None:
        lengths["hm_reasoning_characters"] = characters
    return lengths


def sample_status(state: TaskState) -> Status:
    """How the epoch ended: "limit", "truncated" (the last output was cut) or "ok"."""
    if any(isinstance(event, SampleLimitEvent) for event in transcript().events):
        return "limit"
    if state.output.choices and state.output.stop_reason in ("max_tokens", "model_length"):
        return "truncated"
    return "ok"


def _generated(state: TaskState) -> list[ChatMessageAssistant]:
    """The model's own messages; few-shot answers in the prompt are not the model's."""
    given = {message.id for message in state.input if message.id} if isinstance(state.input, list) else set()
    answers = [m for m in state.messages if isinstance(m, ChatMessageAssistant) and m.source != "input"]
    generated = [m for m in answers if m.source == "generate"]
    return generated or [m for m in answers if m.id not in given]


def _reasoning_characters(answers: Iterable[ChatMessageAssistant]) -> int | None:
    """Characters of reasoning over all answers; None where any of it is hidden, or there is none."""
    shown = [
        content
        for message in answers
        if not isinstance(message.content, str)
        for content in message.content
        if isinstance(content, ContentReasoning)
    ]
    if not shown or any(content.redacted or not content.reasoning for content in shown):
        return None
    return sum(len(content.reasoning) for content in shown)


def _usages(state: TaskState, *, turns: int) -> list[ModelUsage]:
    """Usage of every call of the model under test; empty if one is unknown."""
    calls = [
        event
        for event in _before_scoring(transcript().events)
        if isinstance(event, ModelEvent) and event.role is None and event.output.choices and not event.error
    ]
    if calls:
        usages = [event.output.usage for event in calls]
    else:
        # Outside a sample there is no transcript; the final output is all of it if there was one turn.
        usages = [state.output.usage] if turns == 1 else []
    known = [usage for usage in usages if usage is not None]
    return known if len(known) == len(usages) else []


def _before_scoring(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, SpanBeginEvent) and event.name == "scorers":
            return
        yield event
