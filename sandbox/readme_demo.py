"""Put what `hotmess analyze` prints for a demo's log into the README.

Run it after the demo: ``make demo && .venv/bin/python sandbox/readme_demo.py logs/demo``.
"""

import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- demo output -->", "<!-- /demo output -->"


def main(logs: str) -> None:
    """Run the command that the README names, and replace the block between the two marks."""
    hotmess = Path(sys.executable).with_name("hotmess")
    done = subprocess.run([str(hotmess), "analyze", logs], capture_output=True, text=True, check=True)
    shown = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n```text\n{shown}\n```\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
