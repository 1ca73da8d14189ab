"""The entries for other projects' registers are what those projects accept."""

import importlib.util
from pathlib import Path

import pytest
from inspect_evals.metadata import ExternalEvalMetadata

ROOT = Path(__file__).parents[1]
_spec = importlib.util.spec_from_file_location("registers", ROOT / "sandbox" / "registers.py")
assert _spec and _spec.loader
registers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(registers)
HOME = "https://github.com/someone/hotmess-inspect"


@pytest.mark.parametrize("task", registers.TASKS)
def test_the_register_of_inspect_evals_takes_an_entry(task: str) -> None:
    entry = registers.register_entry(task, HOME, "0" * 40, ["someone"])
    read = ExternalEvalMetadata.model_validate({"id": f"hotmess_{task}", **entry})
    (only,) = read.tasks
    path = ROOT / str(only.task_path)
    assert f"def {only.name}(" in path.read_text("utf-8") and "@task" in path.read_text("utf-8")
    assert read.is_sandboxed == (task == "swebench")
    assert "\n" not in read.description


def test_the_list_of_extensions_has_the_four_fields_of_its_entries() -> None:
    assert set(registers.extension(HOME)) == {"name", "description", "author", "categories"}
    assert registers.extension(HOME)["author"] == "[someone](https://github.com/someone)"
