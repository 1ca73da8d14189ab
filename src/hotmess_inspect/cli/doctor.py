"""`hotmess doctor`: what works on this machine, and what to install."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata, util
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PATIENCE_SECONDS = 20

State = Literal["ok", "missing", "optional"]
_MARKS = {"ok": "✓", "missing": "✗", "optional": "–"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        state: ``ok``, ``missing`` (something that the main job needs), ``optional`` (some command needs it).
        found: What was found.
        remedy: What to do about it, empty if nothing.
    """

    name: str
    state: State
    found: str
    remedy: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what works on this machine and what to install.

    Exit status: 0 if everything that `inspect eval hotmess/...` in Docker needs is there, else 1.
    """
    checks = [check() for check in CHECKS] + [extra_check(*extra) for extra in EXTRAS]
    if as_json:
        click.echo(json.dumps({"schema": 1, "checks": [asdict(check) for check in checks]}, indent=1))
    else:
        _print(checks)
    sys.exit(1 if any(check.state == "missing" for check in checks) else 0)


def _print(checks: list[Check]) -> None:
    from hotmess_inspect.render.console import cell, console

    out = console()
    for check in checks:
        # A remedy is copied from the screen: the terminal may wrap it, a line break in it would cut it.
        out.print(cell(f"{_MARKS[check.state]} {check.name}: {check.found}"), soft_wrap=True)
        if check.remedy:
            out.print(cell(f"    {check.remedy}"), soft_wrap=True)


def python_check() -> Check:
    """Python itself."""
    good = sys.version_info >= (3, 11)
    remedy = "" if good else "install Python 3.11 or newer"
    return Check("Python", "ok" if good else "missing", platform.python_version(), remedy)


def inspect_check() -> Check:
    """Inspect, and whether it can find this package's tasks."""
    try:
        version = metadata.version("inspect-ai")
    except metadata.PackageNotFoundError:
        return Check("Inspect", "missing", "not installed", "pip install inspect-ai")
    from hotmess_inspect._inspect_versions import OLDEST, too_old

    if too_old(version):
        return Check("Inspect", "missing", f"{version} is too old", f"pip install 'inspect-ai>={OLDEST}'")
    points = {point.name for point in metadata.entry_points(group="inspect_ai")}
    if "hotmess" not in points:
        remedy = "install hotmess-inspect with pip, so that its entry points are registered"
        return Check("Inspect", "missing", f"{version}, but it does not know hotmess/...", remedy)
    return Check("Inspect", "ok", version)


def dependency_check() -> Check:
    """What this package declares, against what is installed: by version, without importing any of it."""
    name = "Dependencies"
    try:
        declared = metadata.requires("hotmess-inspect") or []
    except metadata.PackageNotFoundError:
        return Check(
            name, "missing", "hotmess-inspect itself is not installed", "pip install hotmess-inspect"
        )
    wrong = [(asked, found) for asked, found in map(_installed, _required(declared)) if found]
    if not wrong:
        return Check(name, "ok", f"{len(_required(declared))} as declared")
    found = "; ".join(f"{asked} is needed, {what}" for asked, what in wrong)
    return Check(name, "missing", found, "pip install " + " ".join(f"'{asked}'" for asked, _ in wrong))


def _required(declared: list[str], extra: str = "") -> list[Requirement]:
    """What is needed on this machine: by the package itself, or by one of its extras alone."""
    from packaging.requirements import Requirement

    needed = []
    for requirement in map(Requirement, declared):
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if always if not extra else marker is not None and not always and marker.evaluate({"extra": extra}):
            needed.append(requirement)
    return needed


def _installed(requirement: Requirement) -> tuple[str, str]:
    """The requirement without its marker, and what is wrong with what is installed; empty if nothing is."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    asked = f"{requirement.name}{extras}{requirement.specifier}"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return asked, "and is not installed"
    good = requirement.specifier.contains(version, prereleases=True)
    return asked, "" if good else f"and {version} is installed"


def engine_check() -> Check:
    """The Docker engine."""
    from hotmess_inspect.swebench.engine import MINIMUM_ENGINE

    name = "Docker engine"
    if shutil.which("docker") is None:
        return Check(name, "missing", "no docker command", "install Docker Engine 24.0.6 or newer")
    done = _run(["docker", "version", "--format", "{{.Server.Version}}"])
    if isinstance(done, str):
        remedy = "start the engine (for example: sudo systemctl start docker) and check that you may use it"
        return Check(name, "missing", f"no engine answers: {done}", remedy)
    return _version_check(
        name, done.stdout.strip(), MINIMUM_ENGINE, "update Docker Engine to 24.0.6 or newer"
    )


def compose_check() -> Check:
    """Docker Compose, which Inspect uses for its sandboxes."""
    from hotmess_inspect.swebench.engine import MINIMUM_COMPOSE

    name = "Docker Compose"
    if shutil.which("docker") is None:
        return Check(name, "missing", "no docker command", "install the Docker Compose plug-in 2.21 or newer")
    done = _run(["docker", "compose", "version", "--short"])
    if isinstance(done, str):
        return Check(
            name, "missing", "no compose plug-in", "install the Docker Compose plug-in 2.21 or newer"
        )
    return _version_check(
        name, done.stdout.strip(), MINIMUM_COMPOSE, "update Docker Compose to 2.21 or newer"
    )


def disk_check() -> Check:
    """Room for images."""
    free = shutil.disk_usage("/").free / 2**30
    remedy = "" if free >= 5 else "SWE-bench images take 2.4 to 6.8 GB each, all of Verified about 190 GB"
    return Check("Disk", "ok" if free >= 5 else "optional", f"{free:.0f} GB free", remedy)


def processor_check() -> Check:
    """The processor, for official images."""
    from hotmess_inspect.swebench.engine import architecture_problem

    problem = architecture_problem(platform.machine())
    return Check("Processor", "optional" if problem else "ok", platform.machine(), problem)


CHECKS: tuple[Callable[[], Check], ...] = (
    python_check,
    inspect_check,
    dependency_check,
    engine_check,
    compose_check,
    disk_check,
    processor_check,
)

EXTRAS: tuple[tuple[str, str, str], ...] = (
    ("torch", "optimizer", "hotmess/optimizer and hotmess optimizer"),
    ("dask", "cluster", "hotmess analyze on a cluster"),
)


def extra_check(module: str, extra: str, purpose: str) -> Check:
    """An optional dependency, looked up without importing it, and its version against the declared one."""
    remedy = f"pip install 'hotmess-inspect[{extra}]'"
    if util.find_spec(module) is None:
        return Check(module, "optional", f"not installed; {purpose} needs it", remedy)
    try:
        declared = metadata.requires("hotmess-inspect") or []
    except metadata.PackageNotFoundError:
        declared = []
    for requirement in _required(declared, extra):
        asked, wrong = _installed(requirement)
        if requirement.name == module and wrong:
            return Check(module, "optional", f"{asked} is needed for {purpose}, {wrong}", remedy)
    return Check(module, "ok", f"installed, for {purpose}")


def _version_check(name: str, text: str, minimum: tuple[int, ...], remedy: str) -> Check:
    from hotmess_inspect.swebench.engine import version_numbers

    numbers = version_numbers(text)
    if not numbers:
        return Check(name, "missing", f"unknown version {text!r}", remedy)
    return (
        Check(name, "ok", text)
        if numbers >= minimum
        else Check(name, "missing", f"{text} is too old", remedy)
    )


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | str:
    """The finished command, or why it did not work."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return lines[-1] if lines else f"exit status {done.returncode}"
    return done
