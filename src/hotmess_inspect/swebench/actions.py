"""How many actions an epoch took, the same way for every agent."""

from collections import Counter
from collections.abc import Iterable

from inspect_ai.event import Event, ModelEvent, SpanBeginEvent, ToolEvent
from inspect_ai.log import transcript

SUBMIT = "submit"


def taken_actions(events: Iterable[Event] | None = None) -> int | None:
    """Count the tool calls of the model under test, from what happened and not from what was kept.

    Messages are the agent's own: some agents shorten their history, and those that run inside the sandbox
    behind Inspect's bridge never write it to the sample. So the calls in the model's answers are counted, each
    as often as it stands there, whatever its id: providers may repeat ids, or leave them empty. A tool that ran
    is added where no recorded answer asked for it.

    Args:
        events: Events of the epoch; those of the running sample if not given. What follows the beginning of
            scoring is left out.

    Returns:
        Number of calls, ``submit`` not counted. None where nothing is known: the model was never called, or it
        had no other tool than ``submit`` and called none, as that of an agent which acts through its text.
    """
    asked: Counter[tuple[str, str]] = Counter()
    ran: Counter[tuple[str, str]] = Counter()
    called = offered = False
    for event in transcript().events if events is None else events:
        if isinstance(event, SpanBeginEvent) and event.name == "scorers":
            break
        if isinstance(event, ModelEvent) and event.role is None and not event.error:
            called = True
            offered = offered or any(tool.name != SUBMIT for tool in event.tools)
            if event.output.choices:
                calls = event.output.choices[0].message.tool_calls or []
                asked.update((call.id, call.function) for call in calls)
        elif isinstance(event, ToolEvent):
            ran[event.id, event.function] += 1
    total = asked | ran  # the larger count of each
    actions = sum(number for (_, function), number in total.items() if function != SUBMIT)
    return actions if called and (offered or actions) else None
