"""Put what `hotmess demo` prints into the README: ``.venv/bin/python sandbox/readme_demo.py``."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- demo output -->", "<!-- /demo output -->"
COLUMNS = "600"
"""Wide enough that no sentence is broken."""


def shown() -> str:
    """What the demo prints, from its finding on."""
    command = [sys.executable, "-m", "hotmess_inspect.cli", "demo", "--no-open"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"COLUMNS": COLUMNS},
            capture_output=True,
            text=True,
            check=True,
        )
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines()[1:])


def main() -> None:
    """Replace the block between the two marks."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n```text\n{shown()}\n```\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
