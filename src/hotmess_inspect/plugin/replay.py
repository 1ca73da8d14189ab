"""A model that first repeats what was recorded and then lets another model go on.

The task's own agent runs as it always does, in a fresh sandbox: it is given the recorded answers one after the other,
executes their tool calls for real, and from a chosen turn on its questions reach the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageTool,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import sandbox, store

from hotmess_inspect.io.steps import digest
from hotmess_inspect.schema import REPLAYED

STORE = "hotmess_fork"
"""Key of the sample's store that says what was replayed, and in which state the sandbox was then."""

_OWN = frozenset(("generate", "_real", "_turns", "_answers", "_every_turn", "__class__", "__dict__"))
# Compiled Python files hold the time of their source, and what git keeps of its own holds times as well.
_SEEN = "find . -path ./.git -prune -o -name __pycache__ -prune -o -name .pytest_cache -prune -o "
_MANIFEST = (
    f"{_SEEN} -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum && "
    f"{{ {_SEEN} -type f -perm -100 -print; {_SEEN} -type d -print; "
    f"""{_SEEN} -type l -exec sh -c 'for l; do echo "$l -> $(readlink "$l")"; done' _ {{}} +; }} | LC_ALL=C sort"""
)


class ReplayingAPI(ModelAPI):
    """Another model's interface, whose first answers are the recorded ones.

    All else (limits, retries, tokens) is the other model's. It holds no state: how many answers a sample has had
    stands in the sample's store.
    """

    def __init__(
        self,
        real: ModelAPI,
        turns: Sequence[ModelOutput],
        answers: Sequence[Sequence[int]],
        *,
        every_turn: bool = False,
    ) -> None:
        """Wrap a model.

        Args:
            real: The model that goes on.
            turns: Recorded answers, in order.
            answers: Digests of what the tools answered to each of them, where that is known.
            every_turn: Whether the state of the sandbox is noted at every turn and not only where the model
                goes on.
        """
        # The real model's attributes are looked up on it, see below; nothing of ModelAPI's own is needed.
        self._real = real
        self._turns = list(turns)
        self._answers = [list(own) for own in answers]
        self._every_turn = every_turn

    def __getattribute__(self, name: str) -> Any:
        if name in _OWN:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "_real"), name)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> Any:
        """The next recorded answer, or the model's."""
        note = dict(store().get(STORE) or {"turn": 0, "states": [], "differing": []})
        turn = int(note["turn"])
        if turn and turn <= len(self._turns):
            known = self._answers[turn - 1] if turn <= len(self._answers) else []
            note["differing"] = [*note["differing"], *_differing(turn - 1, known, input)]
        if turn in (0, len(self._turns)) or self._every_turn:
            note["states"] = [*note["states"], [turn, await sandbox_state()]]
        store().set(STORE, {**note, "turn": turn + 1})
        if turn < len(self._turns):
            return replayed(self._turns[turn], turn)
        return await self._real.generate(input, tools, tool_choice, config)


def _differing(turn: int, known: Sequence[int], messages: Sequence[ChatMessage]) -> list[int]:
    """The turn, if its tools answered otherwise than they were recorded to."""
    prefix = f"{REPLAYED}{turn}-"
    seen = [
        digest(message.text)
        for message in messages
        if isinstance(message, ChatMessageTool) and (message.tool_call_id or "").startswith(prefix)
    ]
    return [turn] if known and seen != list(known) else []


def replayed(output: ModelOutput, turn: int) -> ModelOutput:
    """A recorded answer with calls of new ids, so that it is told apart from what the model says now."""
    copy = output.model_copy(deep=True)
    copy.usage = None
    for choice in copy.choices:
        for place, call in enumerate(choice.message.tool_calls or []):
            call.id = f"{REPLAYED}{turn}-{place}"
        choice.message.id = None
    return copy


async def sandbox_state() -> str | None:
    """A digest of the files below the sandbox's working directory; ``None`` without a sandbox or its tools."""
    try:
        found = await sandbox().exec(["sh", "-c", _MANIFEST], timeout=300)
    except (ProcessLookupError, ValueError, OSError, TimeoutError):
        return None
    if not found.success:
        return None
    return f"{digest_exact(found.stdout):016x}"


def digest_exact(text: str) -> int:
    """A number for a text, to the byte."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def replaying_model(
    real: Model, turns: Sequence[ModelOutput], answers: Sequence[Sequence[int]], *, every_turn: bool = False
) -> Model:
    """The model with its first answers recorded."""
    api = ReplayingAPI(real.api, turns, answers, every_turn=every_turn)
    return Model(api, real.config, real.model_args)
