"""The commands of docs/drop_in.md, in new processes: from the work tree, and from the built wheel."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log, write_eval_log

PAGE = (Path(__file__).parents[2] / "docs" / "drop_in.md").read_text("utf-8")

# Several command lines in one process, as a shell would run them one by one.
RUN = """
import json, sys
from inspect_ai._cli.main import inspect
from hotmess_inspect.cli import main
for program, *words in json.loads(sys.argv[1]):
    try:
        (inspect if program == "inspect" else main).main(words, prog_name=program)
    except SystemExit as end:
        if end.code:
            sys.exit(f"{program} {words}: {end.code}")
import hotmess_inspect
print("FROM", hotmess_inspect.__file__)
"""


def commands() -> list[list[str]]:
    lines = [
        line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()
    ]
    return [shlex.split(line) for line in lines]


def in_a_new_process(python: str, folder: Path, lines: list[list[str]]) -> str:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("INSPECT_")}
    environment |= {"INSPECT_DISPLAY": "plain", "COLUMNS": "150", "NO_COLOR": "1"}
    done = subprocess.run(
        [python, "-c", RUN, json.dumps(lines)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def newest(folder: Path) -> EvalLog:
    return read_eval_log(list_eval_logs(str(folder))[0])


def ours(log: EvalLog) -> dict[str, Any]:
    assert log.results is not None
    return {
        m.name: m.value for s in log.results.scores for m in s.metrics.values() if m.group == "incoherence"
    }


def run_the_page(python: str, hub: Path, *, growing: bool) -> str:
    """All commands, or those without the eval-set that grows."""
    lines = [[word.replace("openai/gpt-5-mini", "hotmess/simulated") for word in line] for line in commands()]
    assert len(lines) == 7
    # The third only shows another way to write parameters.
    in_a_new_process(python, hub, [*lines[:2], *(lines[3:5] if growing else [])])
    (log,) = (hub / "logs" / "arc").glob("*.eval")
    # A run that was cut short, for a retry by another process.
    cut = read_eval_log(str(next((hub / "logs" / "gsm8k").glob("*.eval"))))
    assert cut.samples is not None
    cut.samples, cut.status, cut.results = cut.samples[:20], "cancelled", None
    (hub / "logs" / "cut").mkdir()
    write_eval_log(cut, str(hub / "logs" / "cut" / "cut.eval"))
    retry = ["inspect", "eval-retry", "logs/cut/cut.eval", "--log-dir", "logs/retried"]
    second = [
        [word.replace("logs/arc/LOG.eval", f"logs/arc/{log.name}") for word in line] for line in lines[5:]
    ]
    return in_a_new_process(python, hub, [*(second if growing else second[:1]), retry])


def check_what_the_page_left(hub: Path) -> None:
    arc = newest(hub / "logs" / "arc")
    assert arc.reductions is not None and arc.eval.config.epochs_reducer == ["hotmess/decomposition"]
    assert all("variance" in (sample.metadata or {}) for sample in arc.reductions[0].samples)
    scored = read_eval_log(str(hub / "logs" / "scored.eval"))
    assert ours(scored)["epochs_scored"] == 60 and ours(scored)["kind_answer"] == 1
    retried = newest(hub / "logs" / "retried")
    assert retried.eval.task == "inspect_evals/gsm8k" and retried.status == "success"
    assert ours(retried) == ours(newest(hub / "logs" / "gsm8k"))
    assert ours(retried)["epochs_scored"] == 60


@pytest.mark.slow
def test_the_commands_from_the_work_tree(empty_hub: Path) -> None:
    printed = run_the_page(sys.executable, empty_hub, growing=True)
    check_what_the_page_left(empty_hub)
    grown = newest(empty_hub / "logs" / "boolq")
    assert grown.status == "success" and ours(grown)["epochs_planned"] == 42
    assert "inspect_evals/arc_easy · hotmess/simulated" in printed


@pytest.mark.wheel
@pytest.mark.slow
def test_the_commands_from_the_wheel(empty_hub: Path, installed: tuple[Path, Path]) -> None:
    python, home = installed
    printed = run_the_page(str(python), empty_hub, growing=False)
    assert f"FROM {home}" in printed
    check_what_the_page_left(empty_hub)


@pytest.mark.slow
def test_errors_are_sentences_on_the_command_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "inspect_ai._cli.main",
            "eval",
            "hotmess/suite",
            "-T",
            "task=nobodys/task",
            "--model",
            "hotmess/simulated",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in said
    assert "pip install nobodys" in " ".join(said.split())
