"""One group has one colour on the whole page, and nothing is drawn twice."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect import demo
from hotmess_inspect.cli import main
from hotmess_inspect.render.report import figures


def table(path: Path) -> str:
    rng = np.random.default_rng(3)
    lines = ["question_id,epoch,model,target,answer"]
    for model, skill in (("m-1", 0.4), ("m-2", 0.6), ("m-3", 0.7), ("m-4", 0.8)):
        for question, hard in enumerate(rng.random(20)):
            for epoch in range(1, 5):
                answer = "A" if rng.random() < skill + 0.4 * (hard - 0.5) else rng.choice(["B", "C"])
                lines.append(f"{question},{epoch},{model},A,{answer}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize("kind", ["models", "measures"])
def test_a_group_has_one_colour_on_the_whole_page(tmp_path, monkeypatch, kind):
    source = table(tmp_path / "epochs.csv")
    if kind == "measures":
        (source,) = map(str, Path(demo.__file__).parent.glob("*.eval"))
    seen: dict[str, set[str]] = {}
    plotted = figures.Drawing.plotted

    def recorded(drawing):
        figure = plotted(drawing)
        if drawing.name != "overthinking":  # of halves, not of groups
            for axes in figure.axes:
                for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                    line = handle.lines[0] if hasattr(handle, "lines") else handle
                    if named := re.match(r"[A-Z]\b", label):
                        seen.setdefault(named[0], set()).add(line.get_color())
        return figure

    monkeypatch.setattr(figures.Drawing, "plotted", recorded)
    page = tmp_path / "page.html"
    ran = CliRunner().invoke(main, ["report", source, "-o", str(page)])
    assert ran.exit_code == 0, ran.output
    assert len(seen) == 4
    assert all(len(colours) == 1 for colours in seen.values()), seen
    assert len(set.union(*seen.values())) == 4
    text = page.read_text()
    if kind == "models":
        assert text.count("<h3>Questions by share of right epochs</h3>") == 1
        # There are no contexts: nothing changes by them.
        assert "by resampling" in text
        assert "by both" not in text
        assert "by context" not in text
