"""What the package adds to every start of `inspect`, in fresh processes.

Run: ``python benchmarks/startup.py``. Starts of `inspect` alone and of `inspect` with this package's
registry take turns, so that both meet the same machine; medians and their difference are printed.
"""

import argparse
import statistics
import subprocess
import sys

ALONE = "import inspect_ai._cli.main"
WITH = f"{ALONE}; import hotmess_inspect._registry"
TIMED = "import os; {code}; print(sum(os.times()[:2]))"


def cpu_seconds(code: str) -> float:
    """CPU time of a fresh process, which a busy machine does not stretch."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(code=code)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    cpu_seconds(WITH)  # fill the caches of compiled modules
    pairs = [(cpu_seconds(ALONE), cpu_seconds(WITH)) for _ in range(repeats)]
    alone, added = (statistics.median(row) for row in zip(*((a, w - a) for a, w in pairs), strict=True))
    print(f"inspect alone     {alone:6.3f} s CPU (median of {repeats})")
    print(f"added by hotmess  {added:6.3f} s CPU, {1 + added / alone:.3f} times (target: at most 0.3 s)")


if __name__ == "__main__":
    main()
