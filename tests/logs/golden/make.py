"""Makes the golden logs of one version of Inspect: small runs in many states, with the mock model.

    python -m venv old && old/bin/pip install inspect-ai==0.3.100
    old/bin/python tests/logs/golden/make.py tests/logs/golden

Needs nothing but Inspect, of any version from 0.3.18 on: what a version cannot do is left out and said. The
logs are named ``<state>.eval`` or ``.json`` and packed together as ``<version>.tar.xz``. They are kept in the
repository, since a test cannot install seven versions; the test reads each with the fast reader and with the
installed Inspect. To keep them small transcripts lose their events, and the archives' members are stored as
they are, for xz to compress.
"""

from __future__ import annotations

import io
import json
import math
import os
import signal
import struct
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import inspect_ai
from inspect_ai import Task, eval, eval_retry
from inspect_ai import task as registered
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, get_model, modelapi
from inspect_ai.scorer import Score, Scorer, Target, accuracy, choice, match, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, multiple_choice, solver

VERSION = inspect_ai.__version__
ANSWERS = "AABCADBA"
FAILURES = {"left": 0}


def outputs(answers: str = ANSWERS) -> list[ModelOutput]:
    """One answer after the other; usage spares Inspect a tokenizer."""
    found = []
    for number, letter in enumerate(answers, start=1):
        output = ModelOutput.from_content("mockllm/model", f"ANSWER: {letter}")
        output.usage = ModelUsage(input_tokens=9, output_tokens=number, total_tokens=9 + number)
        found.append(output)
    return found


def model(answers: str = ANSWERS) -> Any:
    """The mock model with these answers."""
    return get_model("mockllm/model", custom_outputs=outputs(answers))


@modelapi(name="golden")
class GoldenModel(ModelAPI):
    """Always the same answer."""

    async def generate(self, *arguments: Any, **options: Any) -> ModelOutput:
        """One answer with usage."""
        return outputs("A")[0]


def task(**options: Any) -> Task:
    """Two questions with letters, two epochs, in the words of this version."""
    options = {"dataset": questions(), "scorer": choice(), "solver": multiple_choice(), **options}
    try:
        return Task(**options)
    except TypeError:
        options["plan"] = options.pop("solver")
        return Task(**options)


def questions() -> list[Sample]:
    """Two questions whose right answer is A."""
    return [Sample(id=f"q{i}", input="?", choices=["w", "x", "y", "z"], target="A") for i in (1, 2)]


def open_questions() -> list[Sample]:
    """Two questions without choices, with numbers as ids."""
    return [Sample(id=i, input="?", target="ANSWER: A") for i in (1, 2)]


@scorer(metrics={"*": [accuracy()]})
def several() -> Scorer:
    """A dict-shaped score, one leaf of which is NaN in the first epoch."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value={"speed": 0.25 * state.epoch, "style": math.nan if state.epoch == 1 else 1})

    return score


@scorer(metrics=[accuracy()])
def graded() -> Scorer:
    """What a model that grades leaves behind: C, P, I or N, an explanation and its conversation."""

    async def score(state: TaskState, target: Target) -> Score:
        grade = {"A": "C", "B": "P", "C": "N"}.get(state.output.completion[-1], "I")
        return Score(
            value=grade,
            answer=state.output.completion,
            explanation=f"The answer is as expected.\nGRADE: {grade}",
            metadata={"grading": [{"role": "user", "content": "grade this"}]},
        )

    return score


@solver
def fails(name: str = "2", epoch: int = 2) -> Solver:
    """Errors in one epoch of one question, as long as failures are left."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if str(state.sample_id) == name and state.epoch == epoch and FAILURES["left"]:
            FAILURES["left"] -= 1
            raise RuntimeError("no such thing")
        return await generate(state)

    return solve


@solver
def interrupts() -> Solver:
    """Presses Ctrl-C in the second epoch."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)
            import asyncio

            await asyncio.sleep(20)
        return await generate(state)

    return solve


@registered
def failing() -> Task:
    """What a retry finds again by its name."""
    return task(dataset=open_questions(), solver=fails(), scorer=match())


def run(folder: str, made: Task, **options: Any) -> Any:
    """One log."""
    options = {"epochs": 2, "max_samples": 1, "display": "none", "model": model(), **options}
    while True:
        try:
            return next(iter(eval(made, log_dir=folder, **options)), None)
        except TypeError as error:
            # Older versions know fewer options; the state itself must stay possible.
            unknown = next((name for name in ("display", "max_samples") if name in str(error)), None)
            if unknown is None:
                raise
            options.pop(unknown)


def letters(folder: str) -> None:
    run(folder, task())


def as_json(folder: str) -> None:
    run(folder, task(), log_format="json")


def dicts(folder: str) -> None:
    run(folder, task(dataset=open_questions(), solver=generate(), scorer=[several(), match()]))


def grades(folder: str) -> None:
    run(folder, task(dataset=open_questions(), solver=generate(), scorer=graded()))


def reducers(folder: str) -> None:
    from inspect_ai import Epochs

    run(folder, task(), epochs=Epochs(2, ["mean", "max"]))


def errored_epoch(folder: str) -> None:
    FAILURES["left"] = 1
    run(folder, failing(), fail_on_error=False)


def failed(folder: str) -> None:
    FAILURES["left"] = 1
    run(folder, failing())


def retried(folder: str) -> None:
    """The log of the run that failed and that of its retry, which re-uses what was done."""
    FAILURES["left"] = 1
    # Outputs given as an argument are written into the log as text, which a retry cannot use.
    eval_retry(run(folder, failing(), model="golden/model"), log_dir=folder)


def sample_retry(folder: str) -> None:
    FAILURES["left"] = 1
    run(folder, failing(), retry_on_error=2)


def limited(folder: str) -> None:
    run(folder, task(dataset=open_questions(), solver=generate(), scorer=match()), token_limit=5)


def eval_set(folder: str) -> None:
    from inspect_ai import eval_set as run_set

    run_set(
        [task(name="first"), task(name="second")], log_dir=folder, model=model(), epochs=2, display="none"
    )


def cancelled(folder: str) -> None:
    try:
        run(folder, task(dataset=open_questions(), solver=interrupts(), scorer=match()))
    except KeyboardInterrupt:
        pass


STATES: list[Callable[[str], None]] = [
    letters, as_json, dicts, grades, reducers, errored_epoch, failed, retried, sample_retry, limited, eval_set,
    cancelled,
]  # fmt: skip


def logs(folder: str) -> Iterator[Path]:
    """The logs in a folder, oldest first."""
    yield from sorted(
        p
        for p in Path(folder).rglob("*")
        if p.suffix in (".eval", ".json") and p.name not in ("logs.json", "eval-set.json")
    )


def slim(path: Path) -> bytes:
    """The log without events, its members stored."""
    if path.suffix == ".json":
        log = json.loads(path.read_bytes())
        for sample in log.get("samples") or []:
            sample.pop("events", None)
        return json.dumps(log, indent=1).encode()
    data, out = path.read_bytes(), io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            text = inflated(old, info, data)
            if info.filename.startswith("samples/"):
                sample = json.loads(text)
                sample.pop("events", None)
                text = json.dumps(sample).encode()
            new.writestr(info.filename, text)
    return out.getvalue()


def inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> bytes:
    """A member's text; newer versions of Inspect write zstd, which the standard library does not read."""
    if info.compress_type != 93:
        return archive.read(info)
    import zstandard

    name, extra = struct.unpack_from("<2H", data, info.header_offset + 26)
    start = info.header_offset + 30 + name + extra
    return zstandard.ZstdDecompressor().decompressobj().decompress(data[start : start + info.compress_size])


def main() -> None:
    target = Path(sys.argv[1]) / f"{VERSION}.tar.xz"
    with tarfile.open(target, "w:xz", preset=9) as packed:
        for state in STATES:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    state(folder)
                except (Exception, KeyboardInterrupt) as error:
                    print(f"{VERSION} {state.__name__}: {type(error).__name__}: {str(error)[:100]}")
                for number, path in enumerate(logs(folder)):
                    data = slim(path)
                    name = state.__name__ + (f"-{number}" if number else "")
                    info = tarfile.TarInfo(f"{name}{path.suffix}")
                    info.size = len(data)
                    packed.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    main()
