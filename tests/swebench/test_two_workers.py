"""The guide for large runs in small: its two scripts, with two workers at once and one folder of logs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai._eval.eval_set_selection", reason="this Inspect does not spread eval sets")

PAGE = Path(__file__).parents[2] / "docs" / "swebench.md"
IDS = ["hotmess-mini__daywork-1", "hotmess-mini__gridtext-1", "hotmess-mini__pinset-1"]
EPOCHS = 2
# The largest things of the guide, made small.
SMALL = {
    "load_instances(DATASET)": f"load_instances(DATASET, instances={IDS})",
    '"verified", 40': '"mini", 2',
    "swebench(dataset=DATASET,": 'swebench(dataset=DATASET, sandbox="local",',
    '"vllm/Qwen/Qwen3-32B"': '"hotmess/simulated-agent"',
    '"epochs": 30,': f'"epochs": {EPOCHS}, "display": "none",',
}
TERMS = ("questions", "epochs_scored", "accuracy", "error", "bias_squared", "variance", "incoherence")


def scripts(folder: Path, changes: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in re.findall(r"```python\n# (\w+\.py)[^\n]*\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for old, new in changes.items():
            assert name != "shards.py" or old in text
            text = text.replace(old, new)
        (folder / name).write_text(text)
    return folder


def start(folder: Path, *words: str, **variables: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> None:
    said, _ = process.communicate(timeout=1200)
    assert process.returncode == 0, said[-3000:]


def analysed(folder: Path) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "hotmess_inspect.cli", "analyze", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {g["measure"]: {name: g[name] for name in TERMS} for g in json.loads(done.stdout)["groups"]}


@pytest.mark.slow
def test_two_workers_give_what_one_gives(tmp_path: Path) -> None:
    spread = scripts(tmp_path / "spread", SMALL)
    whole = start(scripts(tmp_path / "whole", SMALL | {'"mini", 2': '"mini", 1'}), "shards.py")
    finish(start(spread, "shards.py", INSPECT_EVAL_SET_CAPTURE="capture.json"))
    assert not (spread / "logs").exists()
    workers = [start(spread, "worker.py", str(number), "2") for number in range(2)]
    for process in (*workers, whole):
        finish(process)
    logs = spread / "logs" / "verified-30"
    written = {path.name for path in logs.glob("*.eval")}
    assert len(written) == 2
    found = analysed(logs)
    assert (found["f2p"]["questions"], found["f2p"]["epochs_scored"]) == (len(IDS), EPOCHS * len(IDS))
    assert found == analysed(tmp_path / "whole" / "logs" / "verified-30")
    # The last step of the guide finds everything complete and runs nothing again.
    finish(start(spread, "shards.py"))
    assert {path.name for path in logs.glob("*.eval")} == written
