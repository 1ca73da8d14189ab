"""`make demo` where no engine answers: it says so and still runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_without_an_engine_the_demo_says_so_and_still_runs(tmp_path: Path) -> None:
    environment = os.environ | {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    done = subprocess.run(
        [str(ROOT / "sandbox" / "demo.sh"), str(Path(sys.executable).parent), "1", str(tmp_path / "logs")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "no engine answers" in done.stderr
    assert "the demo runs WITHOUT containers" in done.stderr
    assert "9 questions, 9 epochs" in done.stdout
