"""How long it takes to read a log, against decompression alone and against Inspect's own readers.

    python benchmarks/make_logs.py /tmp/logs --questions 1000 --epochs 10
    python benchmarks/reading.py /tmp/logs/*.eval [--repeats 5] [--whole-process]

Each reader runs in a process of its own, so that memory is its own too; CPU seconds are the best of the
repeats, and only the ratios of one run mean anything on a busy machine. ``peak`` is the growth of the
largest resident size over that after the imports.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotmess_inspect.io.archive import Readable

READERS = ("inflate", "skip", "decode", "fast", "summaries", "samples_df")
QUICK = ("inflate", "skip", "decode", "fast")


def inflate(path: str) -> tuple[Callable[[], object], Callable[[object], int]]:
    """Decompress the summaries and look at nothing."""
    buffer = memoryview(bytearray(1 << 18))

    def read() -> None:
        text = summaries_text(path)
        while text.readinto(buffer):
            pass

    return read, lambda found: 0


def skip(path: str) -> tuple[Callable[[], object], Callable[[object], int]]:
    """Decompress and let the JSON parser pass over everything: no field, one empty object per row."""
    import msgspec

    from hotmess_inspect.io import records

    class Nothing(msgspec.Struct, gc=False):
        pass

    records._SUMMARIES = msgspec.json.Decoder(list[Nothing])  # type: ignore[assignment]
    return lambda: sum(map(len, records.iter_summaries(summaries_text(path)))), int  # type: ignore[return-value, arg-type]


def decode(path: str) -> tuple[Callable[[], object], Callable[[object], int]]:
    """Decompress and decode the fields that count, without making columns of them."""
    from hotmess_inspect.io.records import iter_summaries

    return lambda: sum(map(len, iter_summaries(summaries_text(path)))), int  # type: ignore[return-value, arg-type]


def summaries_text(path: str) -> Readable:
    """The summaries' text, inflated as it is read."""
    from hotmess_inspect.io.archive import Archive
    from hotmess_inspect.io.sources import find_files

    return Archive(next(find_files(path))).open("summaries.json")


def fast(path: str) -> tuple[Callable[[], object], Callable[[object], int]]:
    """This package, down to the columns."""
    from hotmess_inspect.io.logs import read_file
    from hotmess_inspect.io.sources import find_files

    return lambda: read_file(next(find_files(path))), lambda found: len(found[0])  # type: ignore[index]


def summaries(path: str) -> tuple[Callable[[], object], Callable[[object], int]]:
    """Inspect's summaries."""
    from inspect_ai.log import read_eval_log_sample_summaries

    return lambda: read_eval_log_sample_summaries(path), len  # type: ignore[return-value]


def samples_df(path: str) -> tuple[Callable[[], object], Callable[[object], int]]:
    """Inspect's data frame."""
    from inspect_ai.analysis import samples_df as read

    return lambda: read(path, quiet=True), len  # type: ignore[return-value]


def measure(reader: str, path: str, repeats: int) -> dict[str, float]:
    """CPU seconds and memory of one reader, in this process."""
    makers = {"inflate": inflate, "skip": skip, "decode": decode, "fast": fast}
    call, count = {**makers, "summaries": summaries, "samples_df": samples_df}[reader](path)
    before = peak_bytes()
    best, rows = float("inf"), 0
    for _ in range(repeats):
        start = time.process_time()
        found = call()
        best = min(best, time.process_time() - start)
        rows = count(found)
        del found
    return {"cpu": best, "rows": rows, "peak": peak_bytes() - before}


def peak_bytes() -> int:
    """Largest resident size so far."""
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def in_process(reader: str, path: str, repeats: int) -> dict[str, float]:
    """The same in a fresh process."""
    command = [sys.executable, __file__, path, "--repeats", str(repeats), "--one", reader]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def whole_process(code: list[str], repeats: int) -> float:
    """CPU seconds of a whole command, start and imports included."""
    best = float("inf")
    for _ in range(repeats):
        before = os.times()
        subprocess.run(code, capture_output=True, check=True)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent)
    return best


def report(path: str, repeats: int, skip: list[str]) -> None:
    """Print the table of one log."""
    found = {
        r: in_process(r, path, repeats if r in QUICK else max(1, repeats // 3))
        for r in READERS
        if r not in skip
    }
    rows = int(found["fast"]["rows"])
    print(f"\n{os.path.basename(path)}: {rows} rows, {os.path.getsize(path) / 1e6:.1f} MB")
    print(f"{'reader':<12}{'CPU s':>10}{'µs/row':>10}{'× inflate':>12}{'× fast':>10}{'peak MB':>10}")
    for reader, numbers in found.items():
        cpu, per_row = numbers["cpu"], numbers["cpu"] / rows * 1e6
        ratios = cpu / found["inflate"]["cpu"], cpu / found["fast"]["cpu"]
        print(
            f"{reader:<12}{cpu:>10.4f}{per_row:>10.2f}{ratios[0]:>12.2f}{ratios[1]:>10.2f}{numbers['peak'] / 1e6:>10.1f}"
        )


def report_whole(path: str, repeats: int) -> None:
    """Print the time of whole commands."""
    ours = whole_process([sys.executable, "-m", "hotmess_inspect.cli", "analyze", path, "--json"], repeats)
    code = f"from inspect_ai.analysis import samples_df; samples_df({path!r}, quiet=True)"
    theirs = whole_process([sys.executable, "-c", code], max(1, repeats // 3))
    print(
        f"whole process: hotmess analyze {ours:.2f} s, samples_df {theirs:.2f} s, ratio {theirs / ours:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip", action="append", default=[], choices=READERS)
    parser.add_argument("--whole-process", action="store_true")
    parser.add_argument("--one", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.paths[0], options.repeats)))
        return
    for path in options.paths:
        report(path, options.repeats, options.skip)
        if options.whole_process:
            report_whole(path, options.repeats)


if __name__ == "__main__":
    main()
