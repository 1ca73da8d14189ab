"""The scanner for Inspect Scout, run by Scout on a real log."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import basic_agent
from inspect_ai.tool import Tool, tool
from inspect_scout import scan, scan_results_df, transcripts_from

from hotmess_inspect.plugin.scout import parting_step


@tool
def bash() -> Tool:
    async def execute(command: str) -> str:
        """Run a command.

        Args:
            command: The command.
        """
        return "done"

    return execute


def output(function: str, arguments: dict[str, Any]) -> ModelOutput:
    said = ModelOutput.for_tool_call("mockllm/model", function, arguments)
    said.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return said


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("scout"))


def made(folder: Path) -> Path:
    """Two questions of four epochs. Of the first, two open a.py and are right, two open b.py and are wrong; all epochs
    of the second do the same.
    """
    outputs = []
    for epoch in range(4):
        for question in range(2):
            name = "a.py" if question or epoch < 2 else "b.py"
            outputs += [output("bash", {"command": "ls src"}), output("bash", {"command": f"cat src/{name}"})]
            outputs.append(output("submit", {"answer": "yes" if question or epoch < 2 else "no"}))
    task = Task(
        dataset=[Sample(id=f"q{n}", input="?", target="yes") for n in (1, 2)],
        solver=basic_agent(tools=[bash()]),
        scorer=includes(),
        epochs=4,
    )
    (done,) = eval(
        task,
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(folder),
        display="none",
        max_samples=1,
    )
    return Path(done.location)


def results(log: Path, folder: Path, **arguments: Any) -> pd.DataFrame:
    status = scan([parting_step(**arguments)], transcripts_from(str(log)), scans=str(folder), max_processes=1)
    assert status.complete and not status.errors
    return (
        scan_results_df(status.location)
        .scanners["parting_step"]
        .set_index(["transcript_task_id", "transcript_task_repeat"])
    )


def test_a_later_scan_of_a_folder_sees_what_came_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for _ in range(2):
        found = results(made(folder), tmp_path / "scans", logs=str(folder))
        # All four epochs of the first question part from half of their siblings.
        assert (len(found), found["value"].notna().sum()) == (8, 4)


def test_scout_marks_the_step_of_each_transcript(log: Path, tmp_path: Path) -> None:
    found = results(log, tmp_path)
    assert len(found) == 8
    samples = {(str(s.id), s.epoch): s for s in read_eval_log(str(log)).samples or []}
    for epoch in range(1, 5):
        row = found.loc["q1", epoch]
        own = "a" if epoch <= 2 else "b"
        assert (int(row["value"]), row["answer"]) == (1, f"cat src/{own}.py")
        assert "carries 100% of the question's variance" in row["explanation"]
        assert "cat src/a.py: 2 epochs, 2 right" in row["explanation"]
        assert "cat src/b.py: 2 epochs, 0 right" in row["explanation"]
        # The reference is the event of this transcript that opens the file.
        (reference,) = json.loads(row["event_references"])
        (event,) = [e for e in samples["q1", epoch].events if e.uuid == reference["id"]]
        assert event.event == "tool" and event.arguments == {"command": f"cat src/{own}.py"}
        branches = json.loads(row["metadata"])["branches"]
        assert {(tuple(b["epochs"]), b["own"]) for b in branches} == {
            ((1, 2), own == "a"),
            ((3, 4), own == "b"),
        }
        # Nothing parts in the other question.
        other = found.loc["q2", epoch]
        assert pd.isna(other["value"]) and "takes another step" in other["explanation"]


def test_a_model_is_asked_once_per_step_and_only_if_it_is_named(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Model:
        async def generate(self, prompt: str) -> ModelOutput:
            asked.append(prompt)
            return ModelOutput.from_content("m", " One opens a.py. ")

    monkeypatch.setattr("inspect_ai.model.get_model", lambda name: Model())
    found = results(log, tmp_path, explain="some/model")
    assert len(asked) == 1 and "cat src/a.py" in asked[0] and "cat src/b.py" in asked[0]
    assert all("One opens a.py." in found.loc["q1", epoch]["explanation"] for epoch in range(1, 5))


def test_scout_finds_the_scanner_by_name(log: Path, tmp_path: Path) -> None:
    command = [
        Path(sys.executable).with_name("scout"),
        "scan",
        "hotmess_inspect/parting_step",
        "-T",
        str(log),
    ]
    done = subprocess.run(
        [
            *command,
            "-S",
            "grain=exact",
            "--scans",
            str(tmp_path),
            "--max-processes",
            "1",
            "--display",
            "plain",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = tmp_path.glob("scan_id=*")
    found = scan_results_df(str(folder)).scanners["parting_step"]
    assert sorted(found["value"].dropna().astype(int)) == [1, 1, 1, 1]


def test_nobody_waits_for_scout_who_does_not_run_it() -> None:
    code = "import hotmess_inspect._registry, sys; print('inspect_scout' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
