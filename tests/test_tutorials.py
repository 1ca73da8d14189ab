"""The gallery and the tutorials print what their pages show, and the notebooks are those of the pages."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tutorials", ROOT / "sandbox" / "tutorials.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TUTORIALS = script()
PAGES = list(TUTORIALS.PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_code_gives(page: Path, tmp_path: Path) -> None:
    assert TUTORIALS.with_output(page, tmp_path) == page.read_text("utf-8")
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == set(re.findall(r"images/(\w+\.png)\)", page.read_text("utf-8")))
    for name in drawn:
        kept = ROOT / "docs" / "images" / name
        # Releases of matplotlib differ in single pixels, not in what is drawn.
        assert kept.stat().st_size < 60_000
        assert size(kept) == pytest.approx(size(tmp_path / name), abs=6)


def size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[16:24]
    return int.from_bytes(header[:4]), int.from_bytes(header[4:])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name == "tutorials"], ids=lambda page: page.stem
)
def test_a_notebook_is_its_page_and_its_cells_run(page: Path) -> None:
    text = page.with_suffix(".ipynb").read_text("utf-8")
    assert text == TUTORIALS.notebook(page)
    names: dict[str, object] = {}
    printed = [
        TUTORIALS.run(cell["source"], names)[0]
        for cell in json.loads(text)["cells"]
        if cell["cell_type"] == "code"
    ]
    shown = re.findall(r"```text\n(.*?)\n```", page.read_text("utf-8"), re.S)
    assert ["\n".join(map(str.rstrip, out.rstrip().splitlines())) for out in printed if out] == shown


def test_the_two_models_of_the_page_differ_in_accuracy_and_not_in_variance() -> None:
    """What the page says of its own numbers, from the numbers."""
    text = (ROOT / "docs" / "tutorials" / "two_models.md").read_text("utf-8")
    rows = {
        line.split()[0]: [float(v) for v in line.split()[1:]]
        for line in re.findall(r"^ *\w+(?: +-?\d\.\d+){4}$", text, re.M)
    }
    assert rows["accuracy"][1] > 0 and rows["incoherence"][1] > 0
    assert rows["variance"][1] < 0 < rows["variance"][2]
