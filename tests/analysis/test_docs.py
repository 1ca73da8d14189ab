"""The examples of docs/analysis.md run, and its table of keys is that of the JSON."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "analysis.md"


def test_the_notebook_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    names: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    results = names["results"]
    # q1 answers A B A (error 2/3, variance 4/9), q2 always C (error 2): (4/9)/(8/3) = 1/6.
    assert results[0].decomposition.incoherence == pytest.approx(1 / 6)  # type: ignore[index]
    assert len(names["frame"]) == 6  # type: ignore[arg-type]


def test_every_key_of_the_json_is_documented(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question_id,epoch,answer,target,length\n1,1,A,A,3\n1,2,B,A,4\n")
    (group,) = json.loads(
        CliRunner().invoke(main, ["analyze", str(path), "--json", "--loss", "brier"]).stdout
    )["groups"]
    documented = set(
        re.findall(
            r"`(\w+)`", "".join(line for line in PAGE.read_text().splitlines() if line.startswith("| `"))
        )
    )
    assert set(group) <= documented
