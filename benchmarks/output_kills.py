"""Kill every command that writes at random moments: what lies there is the old file or the new one, and nothing is left.

    python benchmarks/output_kills.py --kills 200

Each command is run once to its end to see how long it takes, and then killed by INT, TERM or KILL at a moment drawn over
that time, over an old output. Afterwards the output is the old one to the byte or a whole new one, no file lies there that
was not there before but for hidden parts, and reading the folder finds the epochs that it had. Exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import hotmess_inspect.demo

DEMO = next(Path(hotmess_inspect.demo.__file__).parent.glob("*.eval"))
SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True)
class Written:
    """What a command is called with, what it writes, and whether that is whole.

    Attributes:
        arguments: The command line.
        output: File or folder.
        whole: Whether each file there is a whole one.
        fresh: Whether the output is removed before each call, as of commands that add files to what is there.
    """

    arguments: list[str]
    output: Path
    whole: Callable[[Path], bool]
    fresh: bool = False


def whole_file(path: Path) -> bool:
    """Whether a file of any kind that commands write is read to its end by a reader of that kind."""
    if path.suffix == ".html":
        return path.read_text().rstrip().endswith("</html>")
    if path.suffix == ".eval":
        from inspect_ai.log import read_eval_log

        log = read_eval_log(str(path))
        return log.status == "started" or len(log.samples or []) == log.results.total_samples  # type: ignore[union-attr]
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return bool(parquet.read_table(path).num_rows)
    if path.suffix == ".xml":
        return ElementTree.parse(path).getroot().tag.startswith("testsuite")
    if path.suffix == ".svg":
        return ElementTree.parse(path).getroot().tag.endswith("svg")
    if path.suffix == ".png":
        return path.read_bytes().endswith(b"IEND\xaeB`\x82")
    if path.suffix == ".csv":
        rows = list(csv.reader(path.read_text().splitlines()))
        return path.read_text().endswith("\n") and len({len(row) for row in rows}) == 1
    if path.suffix == ".npy":
        return bool(np.load(path).size)
    if path.suffix == ".npz":
        with np.load(path) as file:
            return all(file[name] is not None for name in file.files)
    return path.suffix == ".pt" or bool(json.loads(path.read_text()))


def whole(path: Path) -> bool:
    """Whether a file, or each visible file in a folder, is whole; an absent one is no half one."""
    files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    return all(whole_file(one) for one in files if one.exists() and not one.name.startswith("."))


def readable(path: Path) -> bool:
    """Whether the logs that Inspect wrote are read without an error, or there are none yet."""
    from hotmess_inspect.io.logs import read_inputs

    return not any(
        p.level == "error" for p in read_inputs([str(one) for one in path.rglob("*.eval")]).problems
    )


RANKS = "rater,question,entity,rank\n" + "".join(
    f"r{r},{question},e{e},{(e + r * (question == 'coherence')) % 5 + 1}\n"
    for r in range(6)
    for question in ("intelligence", "coherence")
    for e in range(5)
)
QUIZ = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

@task
def quiz():
    samples = [Sample(id=f"q{i}", input=f"Which is {i}?", choices=["a", "b", "c"], target="A") for i in range(4)]
    return Task(dataset=samples, solver=multiple_choice(), scorer=choice())
"""
TOY = """
from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.tool import bash

SETUP = "#!/bin/bash\\ngit init -q . && echo a > calc.py && git add . && git -c user.name=a -c user.email=a@b commit -qm one"

@task
def toy():
    sample = Sample(id="toy-1", input="Fix: The function `add` subtracts.", target="x", setup=SETUP)
    return Task(dataset=[sample], solver=react(tools=[bash()]), scorer=includes(), sandbox="local", message_limit=40)
"""
ROW = {
    "instance_id": "toy-1",
    "problem_statement": "The function `add` subtracts.",
    "patch": "diff --git a/calc.py b/calc.py\n--- a/calc.py\n+++ b/calc.py\n@@ -1 +1 @@\n-a\n+b\n",
    "FAIL_TO_PASS": '["t::a"]',
    "PASS_TO_PASS": "[]",
}


def toy_log(folder: Path) -> int:
    """Record an epoch of the simulated agent, to be forked; how many logs ended well."""
    from inspect_ai import eval
    from inspect_ai.model import get_model

    from hotmess_inspect.plugin.replay import replaying_model

    (folder / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    given = {
        "rows": str(folder / "rows.jsonl"),
        "branch_step": 1,
        "actions": 1,
        "tests": 0.0,
        "edit": "python",
    }
    model = replaying_model(get_model("hotmess/simulated-agent", **given), [], [], every_turn=True)
    logs = eval(
        f"{folder / 'toy.py'}@toy",
        model=model,
        model_args=given,
        log_dir=str(folder / "toy"),
        display="none",
    )
    return sum(log.status == "success" for log in logs)


def commands(folder: Path) -> dict[str, Written]:
    """All commands that write, each with cheap inputs."""
    log, fast = str(folder / "logs" / "run.eval"), ["--resamples", "50"]
    for name, text in (("ranks.csv", RANKS), ("quiz.py", QUIZ), ("toy.py", TOY)):
        (folder / name).write_text(text)
    if asked(partial(toy_log, folder)) != 1:
        sys.exit("no log to fork")
    toy = str(next((folder / "toy").glob("*.eval")))
    quiz = [
        f"{folder / 'quiz.py'}@quiz",
        "--model",
        "hotmess/simulated",
        "-M",
        "spread=0.5",
        "-E",
        "display=none",
    ]
    steps = ["--question", "toy-1", "--epoch", "1", "--at", "1", "--epochs", "2"]
    found = {
        "report": Written(
            ["report", log, "-o", str(folder / "r.html"), "--no-steps"], folder / "r.html", whole
        ),
        "diverge": Written(
            ["diverge", log, "-o", str(folder / "d.html"), "--permutations", "50", *fast],
            folder / "d.html",
            whole,
        ),
        "annotate": Written(["annotate", log, "-o", str(folder / "a.eval")], folder / "a.eval", whole),
        "annotate --in-place": Written(["annotate", log, "--in-place"], folder / "logs" / "run.eval", whole),
        "export": Written(["export", log, "-o", str(folder / "x"), "--overwrite"], folder / "x", whole),
        "gate": Written(
            ["gate", log, "--against", log, "--junit", str(folder / "g.xml")], folder / "g.xml", whole
        ),
        "plan": Written(["plan", log, "--figure", str(folder / "p.svg")], folder / "p.svg", whole),
        "study": Written(["study", log, "--csv", str(folder / "s")], folder / "s", whole),
        "survey": Written(
            ["survey", str(folder / "ranks.csv"), "-o", str(folder / "v"), *fast], folder / "v", whole
        ),
        "demo": Written(["demo", "-o", str(folder / "m"), "--no-open"], folder / "m", whole),
        "run": Written(
            ["run", *quiz, "--width", "0.5", "--most", "6", "--log-dir", str(folder / "w")],
            folder / "w",
            readable,
            fresh=True,
        ),
        "fork": Written(
            ["fork", toy, *steps, "--log-dir", str(folder / "f")], folder / "f", readable, fresh=True
        ),
    }
    if find_spec("torch"):
        tiny = ["--workers", "1", "--device", "cpu", "--preset", "tiny", "--steps", "3"]
        found["optimizer train"] = Written(
            ["optimizer", "train", *tiny, "--no-report", "-o", str(folder / "o")],
            folder / "o",
            whole,
            fresh=True,
        )
        shutil.copytree(DEMO.parent.parent / "experiments/optimizer/trained_set", folder / "t")
        found["optimizer scaling"] = Written(
            ["optimizer", "scaling", str(folder / "t"), *tiny, "--starts", "8"], folder / "t", whole
        )
    else:
        print("without torch: optimizer is left out", flush=True)
    return found


def run(arguments: list[str], after: float | None, sign: int) -> float:
    """Run a command in a child of this process, whose imports are done; kill it after some seconds."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        from hotmess_inspect.cli import main

        try:
            main(arguments)
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else 1)
        except BaseException:
            os._exit(1)
        os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, sign)
    os.waitpid(child, 0)
    return time.monotonic() - began


def asked(question: Callable[[], int]) -> int:
    """The answer of a child: this process must start no threads, which children would lack."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, str(int(question())).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return int(text or 0)


def bytes_of(path: Path) -> object:
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
        return {str(one.relative_to(path)): one.read_bytes() for one in files}
    return path.read_bytes() if path.exists() else None


def visible(folder: Path, fresh: list[str]) -> set[str]:
    """Files that are not hidden, but for those in folders that are begun anew for each call."""
    found = (
        str(p.relative_to(folder)) for p in folder.rglob("*") if not p.name.startswith(".") and p.is_file()
    )
    return {name for name in found if not name.startswith(tuple(f"{one}/" for one in fresh))}


def epochs_in(folder: Path) -> int:
    from hotmess_inspect.io.logs import read_inputs

    return int(read_inputs([str(folder / "logs")]).account.totals()["read"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", help="a command; several times")
    given = parser.parse_args()
    import inspect_ai.log  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import hotmess_inspect.cli.analyze
    import hotmess_inspect.plugin.annotate
    import hotmess_inspect.render.report
    import hotmess_inspect.results.gate  # noqa: F401

    rng = np.random.default_rng(given.seed)
    faults: list[str] = []
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="hotmess-kills-") as name:
        folder = Path(name)
        (folder / "logs").mkdir()
        shutil.copy(DEMO, folder / "logs" / "run.eval")
        listed = commands(folder)
        if given.only:
            listed = {name: one for name, one in listed.items() if name in given.only}
        lasted = {}
        for command, one in listed.items():
            lasted[command] = run(one.arguments, None, 0)
            print(f"{command}: {lasted[command]:.1f} s", flush=True)
            if not bytes_of(one.output) or not asked(partial(one.whole, one.output)):
                sys.exit(f"{command} writes no whole output when it is left alone")
        fresh = [str(one.output.relative_to(folder)) for one in listed.values() if one.fresh]
        there, epochs = visible(folder, fresh), asked(partial(epochs_in, folder))
        for kill in range(given.kills):
            command = list(listed)[kill % len(listed)]
            one = listed[command]
            sign = SIGNS[kill // len(listed) % 3]
            if one.fresh:
                shutil.rmtree(one.output, ignore_errors=True)
            before = bytes_of(one.output)
            run(one.arguments, float(rng.uniform(0, lasted[command])), sign)
            same = bytes_of(one.output) == before
            seen["old" if same else "new"] += 1
            if not same and not asked(partial(one.whole, one.output)):
                faults.append(f"kill {kill}: {command} by {sign}: a damaged output")
            if left := visible(folder, fresh) ^ there:
                faults.append(f"kill {kill}: {command} by {sign}: left {left}")
            if not kill % 25 and (read := asked(partial(epochs_in, folder))) != epochs:
                faults.append(f"kill {kill}: {command}: the folder has {read} epochs, not {epochs}")
            if kill % 20 == 19:
                print(f"{kill + 1} kills: {dict(seen)}, {len(faults)} faults {faults[-3:]}", flush=True)
        if asked(partial(epochs_in, folder)) != epochs:
            faults.append("the folder has other epochs at the end")
    print(f"{given.kills} kills over {', '.join(listed)}: {dict(seen)}; {len(faults)} faults")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
