"""Are honest fixes believed under every pytest? Each kind of test, graded with and without the fix, version by version.

    python benchmarks/pytest_versions.py --work DIR --python ~/.pyenv/versions/3.9.18/bin/python=4.6.11,5.4.3,7.4.0

Makes an environment for each version in DIR (once), grades the project of tests/swebench/test_kinds_of_tests.py there,
and prints verdicts and what came out otherwise than it must; exit status 1 if anything did.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.swebench.test_kinds_of_tests import graded

OLD = ("attrs<22", "setuptools<60")
"""What pytest before 7 was written for."""


def environment(python: str, version: str, work: Path) -> Path:
    """Folder of programs of an environment with this pytest."""
    tag = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True,
        capture_output=True,
        text=True,
    )
    place = work / f"python{tag.stdout.strip()}-pytest{version}"
    if not (place / "complete").exists():
        subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
        needs = [f"pytest=={version}", *(OLD if int(version.split(".")[0]) < 7 else ())]
        subprocess.run([str(place / "bin" / "python"), "-m", "pip", "install", "-q", *needs], check=True)
        (place / "complete").touch()
    return place / "bin"


def main() -> int:
    """Grade under every version that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--python", action="append", required=True, metavar="PROGRAM=VERSIONS")
    wrong = 0
    options = parser.parse_args()
    for given in options.python:
        python, _, versions = given.rpartition("=")
        for version in versions.split(","):
            programs = environment(python, version, options.work.resolve())
            for fix in (True, False):
                with tempfile.TemporaryDirectory() as folder:
                    verdict, note, odd = graded(Path(folder), programs, fix=fix)
                good = (verdict, note, odd) == ("resolved" if fix else "unresolved", "", [])
                wrong += not good
                print(
                    f"{programs.parent.name:<28}{'fix' if fix else 'nothing':<9}{verdict:<12}{note} {' '.join(odd)}",
                    flush=True,
                )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
