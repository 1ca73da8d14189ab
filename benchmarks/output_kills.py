"""Kill every command that writes at random moments: what lies there is the old file or the new one, and nothing is left.

    python benchmarks/output_kills.py --kills 200

Each command is run once to its end to see how long it takes, and then killed by INT, TERM or KILL at a moment drawn over
that time, over an old output. Afterwards the output is the old one to the byte or a whole new one, no file lies there that
was not there before but for hidden parts, and reading the folder finds the epochs that it had. Exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import hotmess_inspect.demo

DEMO = next(Path(hotmess_inspect.demo.__file__).parent.glob("*.eval"))
SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


def whole_page(path: Path) -> bool:
    return path.read_text().rstrip().endswith("</html>")


def whole_log(path: Path) -> bool:
    from inspect_ai.log import read_eval_log

    return len(read_eval_log(str(path)).samples or []) == len(read_eval_log(str(DEMO)).samples or [])


def whole_tables(path: Path) -> bool:
    from pyarrow import parquet

    return all(parquet.read_table(one).num_rows for one in path.glob("*.parquet"))


def whole_xml(path: Path) -> bool:
    return ElementTree.parse(path).getroot().tag.startswith("testsuite")


def commands(folder: Path) -> dict[str, tuple[list[str], Path, Callable[[Path], bool]]]:
    """Name → arguments, output, and whether an output is a whole one."""
    log = str(folder / "logs" / "run.eval")
    fast = ["--resamples", "50"]
    return {
        "report": (
            ["report", log, "-o", str(folder / "r.html"), "--no-steps"],
            folder / "r.html",
            whole_page,
        ),
        "diverge": (
            ["diverge", log, "-o", str(folder / "d.html"), "--permutations", "50", *fast],
            folder / "d.html",
            whole_page,
        ),
        "annotate": (["annotate", log, "-o", str(folder / "a.eval")], folder / "a.eval", whole_log),
        "annotate --in-place": (["annotate", log, "--in-place"], folder / "logs" / "run.eval", whole_log),
        "export": (["export", log, "-o", str(folder / "x")], folder / "x", whole_tables),
        "gate": (
            ["gate", log, "--against", log, "--junit", str(folder / "g.xml")],
            folder / "g.xml",
            whole_xml,
        ),
    }


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
        return {one.name: one.read_bytes() for one in sorted(path.glob("*.parquet"))}
    return path.read_bytes() if path.exists() else None


def visible(folder: Path) -> set[str]:
    return {
        str(p.relative_to(folder)) for p in folder.rglob("*") if not p.name.startswith(".") and p.is_file()
    }


def epochs_in(folder: Path) -> int:
    from hotmess_inspect.io.logs import read_inputs

    return int(read_inputs([str(folder / "logs")]).account.totals()["read"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
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
        lasted = {}
        for command, (arguments, output, whole) in listed.items():
            lasted[command] = run(arguments, None, 0)
            print(f"{command}: {lasted[command]:.1f} s", flush=True)
            if not asked(partial(whole, output)):
                sys.exit(f"{command} writes no whole output when it is left alone")
        there, epochs = visible(folder), asked(partial(epochs_in, folder))
        for kill in range(given.kills):
            command = list(listed)[kill % len(listed)]
            arguments, output, whole = listed[command]
            sign = SIGNS[kill // len(listed) % 3]
            before = bytes_of(output)
            run(arguments, float(rng.uniform(0, lasted[command])), sign)
            same = bytes_of(output) == before
            seen["old" if same else "new"] += 1
            if not same and not asked(partial(whole, output)):
                faults.append(f"kill {kill}: {command} by {sign}: a damaged output")
            if visible(folder) != there:
                faults.append(f"kill {kill}: {command} by {sign}: left {visible(folder) ^ there}")
            if not kill % 25 and epochs_in(folder) != epochs:
                faults.append(
                    f"kill {kill}: {command}: the folder has {epochs_in(folder)} epochs, not {epochs}"
                )
            if kill % 20 == 19:
                print(f"{kill + 1} kills: {dict(seen)}, {len(faults)} faults", flush=True)
        if asked(partial(epochs_in, folder)) != epochs:
            faults.append("the folder has other epochs at the end")
    print(f"{given.kills} kills over {', '.join(listed)}: {dict(seen)}; {len(faults)} faults")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
