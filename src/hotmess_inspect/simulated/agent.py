"""``hotmess/simulated-agent``: solves instances through real tool calls, with known probabilities."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import anyio
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    Content,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from hotmess_inspect._inspect_private import active_epoch, active_sample, prerequisite_error
from hotmess_inspect.schema import REPLAYED
from hotmess_inspect.simulated import answers, behaviour
from hotmess_inspect.simulated.arguments import FileContent, read_arguments
from hotmess_inspect.simulated.behaviour import AgentArguments, Behaviours, known_instances, read_rows
from hotmess_inspect.simulated.hashing import stable_hash, stream
from hotmess_inspect.simulated.model import SimulatedProvider, count_tokens
from hotmess_inspect.simulated.plan import END, Past, Plan, Step, branch_commands, draw_plan, extra_step

__all__ = ["SimulatedAgent", "load_instances"]

SHELL_TOOLS = (
    "bash",
    "shell",
    "execute",
    "run",
    "terminal",
    "execute_bash",
    "execute_command",
    "run_command",
)
SHELL_ARGUMENTS = ("command", "cmd", "code", "script", "commands", "input")
# How often a turn is repeated when its tool call failed, such as on a time-out.
TRIES = 3
_CALL_ID = re.compile(r"^hm-(\d+)-(\d+)-\d+$")


def load_instances(rows: str) -> dict[str, Behaviours]:
    """The bundled instances, and those of a file of official rows.

    Args:
        rows: Path of the file; empty for the bundled instances alone.

    Returns:
        Behaviours by instance id.

    Raises:
        ValueError: If the file cannot be read or a row is incomplete.
    """
    return {**_bundled(), **known_instances(read_rows(rows))} if rows else _bundled()


@cache
def _bundled() -> dict[str, Behaviours]:
    from hotmess_inspect.swebench.mini import mini_rows, mini_variants

    return known_instances(mini_rows(), mini_variants())


class SimulatedAgent(SimulatedProvider):
    """Inspect's provider for ``hotmess/simulated-agent``; see `hotmess_inspect.simulated.provider`.

    It holds no state: which turn comes next is read off the ids of the tool calls in the conversation.
    """

    def _prepare(self, model_args: dict[str, Any]) -> None:
        self.arguments = read_arguments(AgentArguments, model_args, f"hotmess/{self.model_name}")
        self._instances = FileContent(self.arguments.rows, load_instances)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Take the next turn."""
        if self.arguments.latency:
            await anyio.sleep(self.arguments.latency)
        instance = self._instance(input)
        epoch, fixed = _epoch(input, config)
        past = replayed_past(input, instance)
        plan = draw_plan(
            instance, self.arguments, epoch, fixed=fixed, greedy=config.temperature == 0, past=past
        )
        number, attempt = position(input, plan)
        step = self._step(plan, instance, epoch, number)
        turn = sum(message.role == "assistant" for message in input)
        submit = next((tool for tool in tools if "submit" in tool.name), None)
        # Without a submit tool a reply without calls ends the agent's loop: it is then kept for the end.
        if submit is not None and self._stays_silent(instance, epoch, turn):
            return self._output(input, "", [], 0)
        calls = _calls(step, tools, submit, number, attempt)
        return self._output(input, step.thought, calls, self._reasoning(instance, epoch, turn))

    def _step(self, plan: Plan, instance: Behaviours, epoch: int, number: int) -> Step:
        if number < len(plan.steps):
            return plan.steps[number]
        return plan.steps[-1] if plan.submits else extra_step(instance, self.arguments, epoch, number)

    def _stays_silent(self, instance: Behaviours, epoch: int, turn: int) -> bool:
        if not self.arguments.empty:
            return False
        rng = stream(self.arguments.seed, behaviour.EMPTY, instance.key, epoch * 100_003 + turn)
        return bool(rng.random() < self.arguments.empty)

    def _reasoning(self, instance: Behaviours, epoch: int, turn: int) -> int:
        if not self.arguments.reasoning:
            return 0
        rng = stream(self.arguments.seed, behaviour.THOUGHT, instance.key, epoch * 100_003 + turn)
        return max(1, round(self.arguments.reasoning * math.exp(0.5 * float(rng.standard_normal()))))

    def _instance(self, input: Sequence[ChatMessage]) -> Behaviours:
        sample = active_sample()
        metadata = (sample.metadata if sample is not None else None) or {}
        instances = self._instances.value
        for name in (sample.id if sample is not None else None, metadata.get("instance_id")):
            if str(name) in instances:
                return instances[str(name)]
        asked = stable_text(" ".join(message.text for message in input if message.role == "user"))
        for instance in instances.values():
            if instance.problem.strip() and stable_text(instance.problem) in asked:
                return instance
        name = "the question" if sample is None else f"sample {sample.id!r}"
        raise prerequisite_error(
            f"hotmess/simulated-agent knows no fix for {name}; it knows the bundled instances and those of "
            "a file of official rows given as -M rows=PATH"
        )

    def _output(
        self, input: Sequence[ChatMessage], text: str, calls: list[ToolCall], reasoning: int
    ) -> ModelOutput:
        read = sum(count_tokens(message.text) for message in input)
        written = reasoning + count_tokens(text) + sum(count_tokens(str(call.arguments)) for call in calls)
        content: str | list[Content] = text
        if reasoning:
            thought = answers.reasoning_text(
                min(reasoning, 200), 0, stream(self.arguments.seed, behaviour.THOUGHT, 0)
            )
            content = [ContentReasoning(reasoning=thought), ContentText(text=text)]
        message = ChatMessageAssistant(
            content=content, tool_calls=calls or None, model=self.model_name, source="generate"
        )
        return ModelOutput(
            model=self.model_name,
            choices=[ChatCompletionChoice(message=message, stop_reason="tool_calls" if calls else "stop")],
            usage=ModelUsage(
                input_tokens=read,
                output_tokens=written,
                total_tokens=read + written,
                reasoning_tokens=reasoning or None,
            ),
        )


def replayed_past(messages: Sequence[ChatMessage], instance: Behaviours) -> Past | None:
    """What a replay of another epoch did in this conversation; ``None`` if nothing was replayed."""
    turns = [
        [call for call in message.tool_calls if call.id.startswith(REPLAYED)]
        for message in messages
        if isinstance(message, ChatMessageAssistant) and message.tool_calls
    ]
    turns = [calls for calls in turns if calls]
    if not turns:
        return None
    commands = [
        str(value).removeprefix(IN_REPOSITORY)
        for calls in turns
        for call in calls
        for value in (v[-1] if isinstance(v, list) else v for v in call.arguments.values())
    ]
    ways = branch_commands(instance)
    branch = next((ways.index(command) for command in commands if command in ways), None)
    return Past(len(turns), branch, tuple(command for command in commands if END in command))


def stable_text(text: str) -> str:
    """A text with its white space made even."""
    return " ".join(text.split())


def position(messages: Sequence[ChatMessage], plan: Plan) -> tuple[int, int]:
    """Which turn of the plan comes next, and how often it was tried before.

    Read off the ids of the last tool calls, which survive trimmed histories; a turn that edits is repeated
    when its call failed as a tool (time-out, broken sandbox). Where a scaffold renames the calls, turns
    with calls are counted.

    Args:
        messages: The conversation so far.
        plan: The plan of this epoch.

    Returns:
        Number of the turn, and of the attempt, both from 0.
    """
    acted = [
        message for message in messages if isinstance(message, ChatMessageAssistant) and message.tool_calls
    ]
    if not acted:
        return 0, 0
    calls = {call.id for call in acted[-1].tool_calls or []}
    ids = [found for found in map(_CALL_ID.match, calls) if found]
    if not ids:
        return len(acted), 0
    number, attempt = int(ids[0].group(1)), int(ids[0].group(2))
    failed = any(
        isinstance(message, ChatMessageTool) and message.tool_call_id in calls and message.error is not None
        for message in messages
    )
    edits = number < len(plan.steps) and plan.steps[number].edits
    if failed and edits and attempt + 1 < TRIES:
        return number, attempt + 1
    return number + 1, 0


def _epoch(messages: Sequence[ChatMessage], config: GenerateConfig) -> tuple[int, bool]:
    if config.seed is not None:
        return config.seed % 2**63, True
    epoch = active_epoch()
    if epoch is not None:
        return epoch, False
    # Outside a sample the first message's id tells conversations apart and stays the same within one.
    return stable_hash(next((message.id or "" for message in messages), "")) % 2**31, False


def _calls(
    step: Step, tools: Sequence[ToolInfo], submit: ToolInfo | None, number: int, attempt: int
) -> list[ToolCall]:
    if step.submits:
        if submit is None:
            return []
        arguments = {name: "done" for name in submit.parameters.properties}
        return [ToolCall(id=f"hm-{number}-{attempt}-0", function=submit.name, arguments=arguments)]
    shell = _shell(tools)
    if shell is None:
        raise prerequisite_error(
            f"hotmess/simulated-agent needs a shell tool; the tools are {[tool.name for tool in tools]}, "
            f"permitted names are: {', '.join(SHELL_TOOLS)}"
        )
    return [
        ToolCall(
            id=f"hm-{number}-{attempt}-{place}",
            function=shell.name,
            arguments=_shell_arguments(shell, IN_REPOSITORY + command),
        )
        for place, command in enumerate(step.commands)
    ]


# The repository is where the shell starts, in a folder there, or where SWE-bench images keep it.
IN_REPOSITORY = (
    '[ -e .git ] || cd "$(ls -d ./*/.git /testbed/.git 2>/dev/null | head -n 1 | sed "s|/.git$||")"\n'
)


def _shell(tools: Sequence[ToolInfo]) -> ToolInfo | None:
    by_name = {tool.name: tool for tool in tools}
    named = (by_name[name] for name in SHELL_TOOLS if name in by_name)
    alike = (tool for tool in tools if re.search(r"bash|shell", tool.name))
    return next(named, None) or next(alike, None)


def _shell_arguments(shell: ToolInfo, command: str) -> dict[str, Any]:
    properties = shell.parameters.properties
    name = next((name for name in SHELL_ARGUMENTS if name in properties), next(iter(properties), "command"))
    listed = name in properties and properties[name].type == "array"
    return {name: ["bash", "-c", command] if listed else command}
