"""Kill `hotmess run` again and again at random moments; the run that goes on each time must end as one that was left alone.

    python benchmarks/run_kills.py                 20 kills
    python benchmarks/run_kills.py --kills 50 --seed 1

A quiz is answered by the simulated model, a fraction of a second per epoch. The run is started, its process group gets
SIGKILL at a moment drawn anew (while it starts, or inside a wave: every wave has its share of the kills), and the same
command is given again. What `hotmess analyze` prints of both folders, the plan of every wave, and the answer of every
epoch must be equal to the bit. Exit status 1 otherwise, or if a wave had no kill.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

QUIZ = """
import asyncio

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice, solver


@solver
def slowly():
    async def solve(state, generate):
        await asyncio.sleep(0.3)
        return state

    return solve


@task
def quiz():
    samples = [Sample(id=f"q{i}", input=f"Which is {i}?", choices=["a", "b", "c"], target="ABC"[i % 3]) for i in range(24)]
    return Task(dataset=MemoryDataset(samples), solver=[slowly(), multiple_choice()], scorer=choice())
"""


def command(folder: Path) -> list[str]:
    """The same every time."""
    return [
        sys.executable, "-m", "hotmess_inspect.cli", "run", "quiz.py",
        "--model", "hotmess/simulated", "-M", "spread=0.5", "--width", "0.25", "--most", "40", "--log-dir", str(folder),
        "-E", "display=none", "-E", "max_samples=4", "-E", "log_buffer=3",
    ]  # fmt: skip


def start(folder: Path) -> subprocess.Popen[bytes]:
    """A process group of its own, with its own place for Inspect's buffers."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder.parent / "data")}
    with (folder.parent / f"{folder.name}.out").open("ab") as output:
        return subprocess.Popen(
            command(folder),
            cwd=folder.parent,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def ended(folder: Path) -> dict[str, Any]:
    """What a folder says at the end: analysis without file names, plans of the waves, answers of the epochs."""
    from inspect_ai.log import read_eval_log

    done = subprocess.run(
        [sys.executable, "-m", "hotmess_inspect.cli", "analyze", str(folder), "--json"],
        capture_output=True,
        check=True,
    )
    plans: dict[int, Any] = {}
    answers: dict[str, Any] = {}
    for path in sorted(folder.glob("*.eval")):
        log = read_eval_log(str(path))
        assert log.eval.metadata is not None
        own = log.eval.metadata["hotmess_adaptive"]
        plans.setdefault(own["wave"], own)
        if plans[own["wave"]] != own:
            raise SystemExit(f"{path}: another plan of wave {own['wave']} than in an earlier log")
        for sample in log.samples or []:
            key = f"{sample.id} {sample.epoch}"
            if sample.scores:
                answers.setdefault(key, []).append(sample.output.completion)
    for key, given in answers.items():
        if len(set(given)) > 1:
            raise SystemExit(f"{folder}: {key} was answered in two ways")
    repeated = sum(len(given) - 1 for given in answers.values())
    print(f"{folder.name}: {len(answers)} epochs in {len(plans)} waves, {repeated} run twice", flush=True)
    # Bits, so that -0.0 and 0.0 would differ, too.
    groups = json.dumps(json.loads(done.stdout)["groups"], sort_keys=True)
    return {"groups": groups, "plans": plans, "answers": {key: given[0] for key, given in answers.items()}}


def seconds_of_waves(folder: Path) -> dict[int, float]:
    """How long each wave of a run that was left alone took."""
    from inspect_ai.log import read_eval_log

    found: dict[int, float] = {}
    for path in folder.glob("*.eval"):
        log = read_eval_log(str(path), header_only=True)
        assert log.eval.metadata is not None
        ends = [datetime.fromisoformat(text) for text in (log.stats.started_at, log.stats.completed_at)]
        found[log.eval.metadata["hotmess_adaptive"]["wave"]] = (ends[1] - ends[0]).total_seconds()
    return found


def waves_of(said: Path, before: int) -> list[int]:
    """Waves that a process has begun, by what it said after that place of the file."""
    text = said.read_bytes()[before:].decode() if said.exists() else ""
    return [int(number) for number in re.findall(r"^wave (\d+):", text, re.MULTILINE)]


def main() -> None:
    """Kill, go on, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="hotmess-run-kills-") as name:
        place = Path(name).resolve()
        (place / "quiz.py").write_text(QUIZ)
        alone = start(place / "alone").wait()
        took = seconds_of_waves(place / "alone")
        goals = sorted(1 + k % len(took) for k in range(arguments.kills))
        share = arguments.kills / len(took)
        fell = Counter[str]()
        said = place / "killed.out"
        for number, goal in enumerate(goals, 1):
            before = said.stat().st_size if said.exists() else 0
            process, clock = start(place / "killed"), time.monotonic()
            # One in five falls while the process starts or reads its folder; the others inside the wave that is their goal.
            early = rng.random() < 0.2
            while process.poll() is None and not (early and time.monotonic() - clock > 1):
                if max(waves_of(said, before), default=0) >= goal:
                    break
                time.sleep(0.05)
            # The wave is to outlive its share of kills, so a life is short beside it.
            time.sleep(float(rng.uniform(0, 4.0 if early else took[goal] / share)))
            if process.poll() is not None:
                print(f"ended by itself before kill {number}", flush=True)
                break
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            waves = waves_of(said, before)
            where = f"wave {waves[-1]}" if waves else "its start"
            fell[where] += 1
            print(f"kill {number} after {time.monotonic() - clock:.1f} s, in {where}", flush=True)
        kills = fell.total()
        status = start(place / "killed").wait()
        first, second = ended(place / "alone"), ended(place / "killed")
        same = [key for key in first if first[key] == second[key]]
        print(
            f"{kills} kills ({', '.join(f'{n} in {where}' for where, n in sorted(fell.items()))}); exit status {status} and {alone}; equal to the bit: {', '.join(same) or 'nothing'} of {', '.join(first)}"
        )
        spread = len([where for where in fell if where.startswith("wave")]) == len(took)
        sys.exit(not (len(same) == len(first) and status == alone and kills == arguments.kills and spread))


if __name__ == "__main__":
    main()
