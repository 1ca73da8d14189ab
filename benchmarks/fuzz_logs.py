"""Read mutated logs: no crash, no hang, no memory blown up, and a sentence for every one that is refused.

    python benchmarks/fuzz_logs.py LOG... --count 100000 [--seed 0]

Mutations know the format: bytes and fields of the archive (sizes, offsets, methods, names), members left
out, doubled, renamed, swapped or inflated, and values, types and depths inside the JSON. A read that takes
more than 5 s of CPU, or wants more than 500 MB, or raises, is printed with its seed, and the exit status is
1 at the end. The limits are the operating system's: a timer of the process's own CPU time, and its address space. Ranges of
seeds can be spread over processes.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from hotmess_inspect.io.logs import read_file
from hotmess_inspect.io.sources import find_files
from hotmess_inspect.results.analyze import Options, analyze

SECONDS = 5
MEGABYTES = 500

WEIRD: list[Any] = [
    None, True, -1, 0, 2**31, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "A", "\ud800", "\x00\x1b[2J",
    "../../x", "9" * 5000, [], {}, [[]], {"hm_kind": "tests"}, ["a", 1, None], {"a": {"b": [1]}}, "C", 0.5,
]  # fmt: skip


def mutate_bytes(rng: random.Random, data: bytes) -> bytes:
    """Change, cut or insert a few bytes, most often in the directory at the end."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if not changed:
            break
        place = (
            rng.randrange(len(changed))
            if rng.random() < 0.5
            else max(0, len(changed) - rng.randrange(1, 400))
        )
        choice = rng.random()
        if choice < 0.6:
            changed[place] = rng.randrange(256)
        elif choice < 0.75:
            changed[place : place + 4] = rng.choice(
                [b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"PK\x05\x06", b"PK\x01\x02"]
            )
        elif choice < 0.85:
            del changed[place : place + rng.randint(1, 60)]
        else:
            changed[place:place] = rng.randbytes(rng.randint(1, 60))
    return bytes(changed)


def mutate_value(rng: random.Random, value: Any, depth: int = 0) -> Any:
    """Change one place somewhere inside a JSON value."""
    if depth > 6 or rng.random() < 0.15:
        return rng.choice(WEIRD)
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        choice = rng.random()
        if choice < 0.15:
            return {k: v for k, v in value.items() if k != key}
        if choice < 0.25:
            return {
                **value,
                rng.choice(["hm_kind", "hm_tests", "hm_probabilities", "x", ""]): rng.choice(WEIRD),
            }
        return {**value, key: mutate_value(rng, value[key], depth + 1)}
    if isinstance(value, list) and value:
        place = rng.randrange(len(value))
        if rng.random() < 0.2:
            return value + [value[place]] * rng.randint(1, 3)
        return [*value[:place], mutate_value(rng, value[place], depth + 1), *value[place + 1 :]]
    return rng.choice(WEIRD)


def mutate_text(rng: random.Random, text: bytes) -> bytes:
    """Change the text of one JSON member."""
    choice = rng.random()
    if choice < 0.6:
        try:
            return json.dumps(mutate_value(rng, json.loads(text))).encode()
        except (ValueError, RecursionError):
            return text
    if choice < 0.7:
        return text[: rng.randrange(len(text) + 1)]
    if choice < 0.8:
        return rng.choice([b"[", b'{"a":']) * rng.choice([10, 5000, 200_000])
    if choice < 0.85:
        return b"[" + b" " * (70_000_000 if rng.random() < 0.05 else 10) + b"]"
    return mutate_bytes(rng, text)


def mutate_members(rng: random.Random, data: bytes) -> bytes:
    """Change members of the archive and pack it again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    for _ in range(rng.randint(1, 3)):
        if not members:
            break
        # The few members that are read deserve most of the mutations.
        read = [i for i, (name, _) in enumerate(members) if not name.startswith("samples/")]
        place = rng.choice(read or list(range(len(members))))
        name, text = members[place]
        choice = rng.random()
        if choice < 0.65:
            members[place] = (name, mutate_text(rng, text))
        elif choice < 0.8:
            del members[place]
        elif choice < 0.9:
            members.append(
                (rng.choice([name, "summaries.json", "_journal/summaries/99.json", "../../etc/x"]), text)
            )
        else:
            members[place] = (
                rng.choice(["header.json", "summaries.json", "x" * 60_000, "samples/1_epoch_1.json"]),
                text,
            )
    out = io.BytesIO()
    # What is large is packed: a large file would be the mutant's own memory, not the reader's.
    small = sum(len(text) for _, text in members) < 1 << 20
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]) if small else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, text in members:
            archive.writestr(name, text)
    packed = out.getvalue()
    return mutate_bytes(rng, packed) if rng.random() < 0.2 else packed


def mutated(rng: random.Random, originals: list[bytes]) -> bytes:
    """One mutant."""
    data = rng.choice(originals)
    return mutate_bytes(rng, data) if rng.random() < 0.4 else mutate_members(rng, data)


def limit_memory() -> None:
    """From here on the process may take so many megabytes more than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (MEGABYTES << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def free_memory() -> None:
    """No limit any more: making a mutant may take what it likes."""
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class TooLong(BaseException):
    """What the alarm raises; no reader may take it for an error of the file."""


def too_long(signal_number: int, frame: FrameType | None) -> None:
    """What the alarm does."""
    raise TooLong(f"more than {SECONDS} s of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="+")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    import warnings

    import inspect_ai.log  # noqa: F401  # imported before the clock runs: the fallback needs it

    warnings.simplefilter("ignore")  # two members of one name
    # Nothing here needs colours or threads; transcripts are cut so that a mutant costs little to pack.
    originals = [Path(name).read_bytes() for name in options.logs]
    signal.signal(signal.SIGPROF, too_long)
    outcomes: Counter[str] = Counter()
    slowest, slowest_seed, most, faults = 0.0, 0, 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.eval"
        for number in range(options.seed, options.seed + options.count):
            rng = random.Random(number)
            path.write_bytes(mutated(rng, originals))
            base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            start = time.process_time()
            limit_memory()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                table, _, problems = read_file(next(find_files(str(path))))
                if table is not None:
                    results, _ = analyze(table, Options(resamples=10))
                    json.dumps([result.as_json() for result in results])
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                table, problems, faults = None, [], faults + 1
                print(f"seed {number}: {type(error).__name__}: {error}", flush=True)
            else:
                told = problems[0].message if problems else ""
                # What the reader did not foresee it says in these words, so that the other files are read.
                if table is None and (not told or told.startswith("cannot be read (")):
                    faults += 1
                    print(f"seed {number}: {told or 'refused without a word'}", flush=True)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                free_memory()
            if (spent := time.process_time() - start) > slowest:
                slowest, slowest_seed = spent, number
            outcomes["read" if table is not None else "refused with a reason"] += 1
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
            most = max(most, grown)
            if number % 1000 == 999:
                print(
                    f"up to seed {number}: {dict(outcomes)}, {faults} faults, slowest {slowest:.2f} s (seed "
                    f"{slowest_seed})",
                    flush=True,
                )
    print(
        f"{options.count} mutants: {dict(outcomes)}; slowest {slowest:.2f} s of CPU (seed {slowest_seed}); grown by {most:.0f} MB at most in one read; {faults} faults"
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
