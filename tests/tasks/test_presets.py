"""Presets in tasks/: found by Inspect, with the paper's numbers."""

import importlib.util
import sys
from pathlib import Path

import pytest
from inspect_ai import Task, list_tasks

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tasks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_inspect_finds_every_preset() -> None:
    found = {task.name for task in list_tasks("tasks", root_dir=ROOT)}
    assert "swebench_paper" in found
    assert {path.stem for path in (ROOT / "tasks").glob("*.py")} <= found


def test_swebench_as_in_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    # An engine that cannot be reached must not matter for what is asserted here.
    import hotmess_inspect.swebench.preflight as preflight

    monkeypatch.setattr(preflight, "prepare", lambda *_, **__: None)
    task: Task = load("swebench_paper").swebench_paper(dataset="mini")  # type: ignore[attr-defined]
    assert (task.epochs, task.message_limit, task.time_limit) == (30, 250, 3600)
