"""An agent in turns: it fixes and removes a file, says that it is ready, and at the second attempt goes on."""

import base64
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai.agent import as_solver, react
from inspect_ai.model import ChatMessageAssistant, ModelOutput, ModelUsage, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import bash

SIGNS = Path(os.environ["SIGNS"])


@solver
def turns() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        patch = base64.b64encode(state.metadata["patch"].encode()).decode()

        def output(messages: Sequence[Any], *_: Any) -> Any:
            turn = sum(isinstance(message, ChatMessageAssistant) for message in messages)
            with (SIGNS / "turns").open("a") as said:
                said.write("fix\n" if turn == 0 else "wait\n")
            if turn == 0:
                call = {"command": f"echo {patch} | base64 -d | git apply - && rm README.md && mkdir empty"}
                made = ModelOutput.for_tool_call("mockllm/model", "bash", call)
            else:
                first = not (SIGNS / "ready").exists()
                (SIGNS / "ready").touch()
                if first:
                    time.sleep(3600)
                made = ModelOutput.for_tool_call("mockllm/model", "submit", {"answer": "done"})
            made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            return made

        model = get_model("mockllm/model", custom_outputs=output)
        return await as_solver(react(tools=[bash(timeout=60)], model=model))(state, generate)

    return solve
