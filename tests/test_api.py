"""What `import hotmess_inspect` offers."""

from pathlib import Path

import hotmess_inspect


def test_read_and_analyze_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question_id,epoch,answer,target\nq,1,A,A\nq,2,B,A\n", encoding="utf-8")
    assert len(hotmess_inspect.read(path).outcomes) == 2
    found = hotmess_inspect.analyze([path], losses=("brier",), resamples=2)
    # A and B: error 1, unbiased variance 1.
    assert [round(result.decomposition.incoherence, 12) for result in found] == [1.0]
    assert "incoherence 1" in repr(found) and "<th>incoherence</th>" in found._repr_html_()
    assert found.to_pandas()["error"].tolist() == [1.0]
    assert {"read", "analyze", "decompose", "Outcomes"} <= set(dir(hotmess_inspect))
