"""Fixtures that stand for something outside: the real data, and a Docker engine."""

import fcntl
import gc
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no defect of the code: speed is measured in benchmarks/.
# As Hypothesis' own profile for CI: there the same examples every time, elsewhere new ones.
settings.register_profile("hotmess", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("hotmess")

# Workers of pytest-xdist name a width of 80 columns, at which the text of commands would be wrapped.
os.environ.pop("COLUMNS", None)

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_collection_finish() -> None:
    """What is there when the first test begins stays to the end: the collector of garbage need not look through it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that cleans up the whole Docker engine, `docker(alone=True)`, runs beside no other that uses it."""
    marked = item.get_closest_marker("docker")
    if marked is None:
        return (yield)
    with (Path(tempfile.gettempdir()) / "hotmess-tests-engine.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if marked.kwargs.get("alone") else fcntl.LOCK_SH)
        return (yield)


def _absent(what: str) -> None:
    """CI has everything; elsewhere the test is left out and says why."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data beside the project's root."""
    if not SHARED_DATA.is_dir():
        _absent("the real data is not beside the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def restic_program() -> Path:
    """The program that Inspect's checkpoints need on its own machine."""
    found = shutil.which("restic") or ""
    said = subprocess.run([found, "version"], capture_output=True, text=True).stdout if found else ""
    version = [int(part) for part in re.findall(r"\d+", said)[:2]]
    if version < [0, 15]:  # without the option --no-scan, which Inspect gives it
        _absent("restic 0.15 or later is not installed (sandbox/engine.sh fetches it)")
    return Path(found)


@pytest.fixture(scope="session")
def docker_client() -> Iterator[Any]:
    """A client of a running Docker engine."""
    from hotmess_inspect.swebench.build import ImageError, connect

    try:
        client = connect(timeout=900.0)
    except ImageError as error:
        _absent(str(error))
        raise  # not reached: one of the two above raised
    yield client
    client.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A fresh environment with the built wheel in it: (its Python, its folder)."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*build, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    home = folder / "environment"
    venv.create(home, with_pip=False)
    scheme = {"base": str(home), "platbase": str(home)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=scheme))
    # Its own copy of this package comes first on the path; all that it depends on is borrowed.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # A wheel of pure Python is installed by unpacking it.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return home / "bin" / "python", home


@pytest.fixture(autouse=True)
def _display_of_its_own() -> None:
    """Inspect keeps the first display of a process: a test gets the one that it asks for, whatever ran before."""
    for module, name in (
        ("inspect_ai._display.core.active", "_active_display"),
        ("inspect_ai.util._display", "_display_type"),
    ):
        if module in sys.modules:
            assert hasattr(sys.modules[module], name), (
                f"Inspect keeps its display elsewhere than in {module}.{name}"
            )
            setattr(sys.modules[module], name, None)
