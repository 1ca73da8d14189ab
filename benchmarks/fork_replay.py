"""Does a replay lead to the recorded state, and do forks find the step at which an agent commits? Prints shares.

    python benchmarks/fork_replay.py                       18 bundled instances × 3 epochs in the local sandbox
    python benchmarks/fork_replay.py --sandbox docker --epochs 1 --instances 4
    python benchmarks/fork_replay.py --commitments 100     planted commitments, found by forks alone

Replay: the simulated agent explores, edits by git and by scripts, runs tests, makes two calls in a turn, and the state
of all files is noted before every turn. Each epoch is then replayed as a whole in a fresh sandbox and every state
compared. Commitment: an agent whose step settles which fix it makes. The variance given the path is above 0 up to that
step and 0 behind it, so that halving the range of steps finds it with forks of eight epochs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import planted
from inspect_ai import eval
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import get_model
from planted import write_rows

from hotmess_inspect.plugin.fork import fork_log
from hotmess_inspect.plugin.replay import STORE, replaying_model
from hotmess_inspect.swebench.mini import mini_rows

BEHAVIOUR: dict[str, Any] = {"actions": 3, "parallel": 0.3, "tests": 0.5, "right": 0.4}
LAST_STEP = 3


def recorded(instances: list[str], epochs: int, seed: int, where: str, log_dir: str) -> EvalLog:
    """Epochs of the simulated agent, with the state of the files before every turn."""
    arguments = {**BEHAVIOUR, "seed": seed}
    agent = get_model("hotmess/simulated-agent", **arguments)
    (log,) = eval(
        "hotmess/swebench",
        task_args={"instances": ",".join(instances), "epochs": epochs, "sandbox": where},
        model=replaying_model(agent, [], [], every_turn=True),
        model_args=arguments,
        log_dir=log_dir,
        display="none",
        max_sandboxes=2,
    )
    if log.status != "success":
        raise SystemExit(f"the recording ended with {log.status}: {log.error}")
    return log


def states(sample: EvalSample) -> dict[int, str | None]:
    """State of the files before each turn."""
    return {turn: state for turn, state in (sample.store.get(STORE) or {}).get("states", [])}


def replayed(log: EvalLog, sample: EvalSample, log_dir: str) -> Counter[str]:
    """How each recorded state came out in a replay of the whole epoch."""
    wanted = states(sample)
    calls = sum(e.event == "tool" for e in sample.events)
    last = next((e for e in reversed(sample.events) if e.event == "tool"), None)
    # Submitting is the model's to do again.
    step = calls - 1 if last is not None and "submit" in last.function else calls
    found: Counter[str] = Counter()
    try:
        fork = fork_log(
            log.location,
            question=str(sample.id),
            epoch=sample.epoch,
            step=step,
            epochs=1,
            log_dir=log_dir,
            every_turn=True,
        )
    except ValueError as error:
        return Counter({f"no replay: {str(error)[:80]}": len(wanted)})
    (again,) = read_eval_log(fork.log).samples or []
    got = states(again)
    for turn, state in wanted.items():
        if state is None:
            found["state not readable when recorded"] += 1
        elif turn not in got:
            found["turn not reached"] += 1
        else:
            found["equal" if got[turn] == state else "other files"] += 1
    found["turns whose tools answered otherwise"] = len(fork.differing)
    return found


def committed_step(seed: int, step: int, folder: Path, epochs: int = 8) -> int:
    """The last step from which both ends are open, by forks alone; -1 if there is none."""
    rows = write_rows(folder / "rows.jsonl", 1)
    arguments = {"rows": str(rows), "seed": seed, "branch_step": step, "actions": 1, "tests": 0.0}
    (log,) = eval(
        f"{Path(planted.__file__).resolve()}@planted",
        model=get_model("hotmess/simulated-agent", **arguments),
        model_args=arguments,
        log_dir=str(folder / "logs"),
        display="none",
    )
    low, high = -1, LAST_STEP + 1  # open at low, settled at high
    while high - low > 1:
        middle = (low + high) // 2
        fork = fork_log(
            log.location,
            question="planted-0",
            epoch=1,
            step=middle,
            epochs=epochs,
            log_dir=str(folder / "forks"),
        )
        low, high = (middle, high) if fork.variance > 0 else (low, middle)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", choices=("local", "docker"), default="local")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--instances", type=int, default=18, help="so many of the 18, spread over them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--commitments", type=int, default=0, help="seeds with a planted commitment, and no replays"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotmess-fork-") as name:
        # A login shell of the local sandbox must not run the profile of whoever measures.
        os.environ["HOME"] = name
        if given.commitments:
            right = 0
            for number in range(given.commitments):
                folder = Path(name) / str(number)
                folder.mkdir()
                step = number % (LAST_STEP + 1)
                found = committed_step(given.seed + number, step, folder)
                right += found == step
                print(
                    f"seed {given.seed + number}: planted {step}, found {found}; {right} of {number + 1}",
                    flush=True,
                )
            return
        total: Counter[str] = Counter()
        rows = mini_rows()
        for place in range(given.instances):
            row = rows[place * len(rows) // given.instances]
            log = recorded([row["instance_id"]], given.epochs, given.seed, given.sandbox, f"{name}/logs")
            for sample in log.samples or []:
                total += replayed(log, sample, f"{name}/forks")
            steps = sum(n for k, n in total.items() if not k.startswith("turns whose"))
            print(
                f"{row['instance_id']}: {total['equal'] / steps:.4f} of {steps} states equal; {dict(total)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
