"""An agent that fixes, and in its first epoch fills the disk; in the second its patch does when it is tested."""

from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

FILL = """
import os, tempfile
try:
    while True:
        with tempfile.NamedTemporaryFile(delete=False) as _file:
            _file.write(bytes(200_000_000))
except OSError:
    os._exit(1)
"""


@solver
def filling() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        module = next(line[6:] for line in state.metadata["patch"].splitlines() if line.startswith("+++ b/"))
        fix = f"git apply <<'END_OF_PATCH'\n{state.metadata['patch']}\nEND_OF_PATCH\n"
        further = {1: f"python3 -c '{FILL}'; true", 2: f"cat >>{module} <<'END'{FILL}END"}.get(
            state.epoch, "true"
        )
        done = await sandbox().exec(["bash", "-c", fix + further], timeout=200)
        assert done.success, done.stderr
        return state

    return solve
