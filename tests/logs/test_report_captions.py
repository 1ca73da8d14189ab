"""Captions that promise what is drawn, and points of several groups that do not hide each other."""

from pathlib import Path

import numpy as np
import pytest

from hotmess_inspect.demo import demo_log
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.render.report import ReportOptions, figures, report_html
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.questions import question_numbers
from hotmess_inspect.results.study import Finding
from hotmess_inspect.table import outcomes_from_arrays


def groups(questions: int = 30, epochs: int = 6) -> list[GroupResult]:
    """Two models that are equal in all outcomes; the later epochs are the longer ones and fail by chance."""
    rng = np.random.default_rng(3)
    right = np.ones((questions, epochs))
    right[: questions // 3, epochs // 2 :] = rng.random((questions // 3, epochs // 2)) < 0.5
    right[-questions // 3 :] = 0
    rows = [(m, q, e) for m in "ab" for q in range(questions) for e in range(epochs)]
    outcomes = outcomes_from_arrays(
        question=[f"q{q:02}" for _, q, _ in rows], epoch=[e + 1 for *_, e in rows],
        answer=["A" if right[q, e] else "BCD"[(q * e) % 3 if q < questions // 3 else 0] for _, q, e in rows], target=["A"] * len(rows),
        model=[m for m, *_ in rows], task="t", length=[float(10 + 5 * e + q) for _, q, e in rows],
    )  # fmt: skip
    return analyze(outcomes, Options(losses=("brier",), resamples=200))[0]


def test_points_of_equal_groups_stand_apart_and_the_data_keep_their_places() -> None:
    drawing = figures.plane_drawing(groups(), ["a", "b"])
    assert drawing is not None and "shifted apart" in drawing.caption
    assert drawing.rows[0]["variance"] == drawing.rows[1]["variance"]
    axes = drawing.plotted().axes[0]
    (x1, y1), (x2, y2) = (container[0].get_xydata()[0] for container in axes.containers)
    for one, other, ends in ((x1, x2, axes.get_xlim()), (y1, y2, axes.get_ylim())):
        assert 0.01 < abs(one - other) / (ends[1] - ends[0]) < 0.02


def test_a_group_alone_and_groups_far_from_each_other_are_not_moved() -> None:
    assert figures._apart({"a": 0.1}, 0.01) == {"a": 0.0}
    assert figures._apart({"a": 0.1, "b": 0.2}, 0.01) == {"a": 0.0, "b": 0.0}
    moved = figures._apart({"a": 0.1, "b": 0.2, "c": 0.1}, 0.01)
    assert moved == pytest.approx({"a": -0.005, "b": 0.0, "c": 0.005})


@pytest.mark.parametrize("log", [False, True])
def test_groups_at_one_number_of_epochs_stand_side_by_side(log: bool) -> None:
    rows = [
        {"group": g, "epochs": e, "incoherence": 0.5, "incoherence_low": 0.4, "incoherence_high": 0.6}
        for g in "abc"
        for e in (2, 3, 5, 10)
    ]
    drawing = figures.finding_drawing(Finding("n", "N", "c", rows, "epochs", "incoherence", log_x=log))
    places = [container[0].get_xdata() for container in drawing.plotted().axes[0].containers]
    assert all(abs(np.diff(at)).min() > 0.05 for at in zip(*places, strict=True))
    # No group reaches the places of the neighbours.
    assert np.abs(np.array(places) - [2, 3, 5, 10]).max() < (0.25 if not log else 1.1)


def test_the_captions_promise_no_bars_and_no_shading_that_are_not_there() -> None:
    many, few = groups(), groups(questions=3, epochs=3)
    for results in (many, few):
        drawing = figures.length_drawing(results, ["a", "b"])
        if drawing is not None:
            barred = any(row["incoherence_low"] is not None for row in drawing.rows)
            assert ("bars: 95 %" in drawing.caption) is barred
        rates = figures.reliability_drawing(results, ["a", "b"])
        assert rates is not None
        assert ("no interval is defined" in rates.caption) is any(
            row["low"] != row["low"] for row in rates.rows
        )


def test_the_interval_of_a_difference_stays_on_the_axis_of_what_incoherence_can_be() -> None:
    drawing = figures.overthinking_drawing(groups(), ["a", "b"])
    assert drawing is not None
    row = drawing.rows[0]
    assert isinstance(row["difference_high"], float)
    row |= {"shorter": 0.7, "longer": 0.9, "difference": 0.2, "difference_low": -0.1, "difference_high": 0.46}
    lines = drawing.plotted().axes[0].get_lines()
    assert max(np.max(np.asarray(line.get_xdata(), dtype=float)) for line in lines) <= 1.0
    assert any(line.get_marker() == ">" for line in lines)


def test_of_tests_the_share_is_that_of_tests(tmp_path: Path) -> None:
    log = tmp_path / "demo.eval"
    log.write_bytes(demo_log())
    by_measure = {r.group.measure: r for r in analyze(read_inputs([str(log)]).outcomes)[0]}
    for measure, said in (
        ("f2p", "mean share of tests that pass"),
        ("resolved", "share of epochs that are right"),
    ):
        result = by_measure[measure]
        drawing = figures.distribution_drawing([result], ["m"], [question_numbers(result)])
        assert drawing is not None and drawing.plotted().axes[0].get_xlabel() == said


def test_a_difference_between_halves_and_code_in_warnings_stand_before_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rng = np.random.default_rng(0)
    lines = ["model,question_id,epoch,answer,target,length"]
    for model, easy in (("a", 10), ("b", 35)):
        for q in range(60):
            for e in range(8):
                wrong = q >= easy
                answer = "A" if not wrong else "B" if e < 4 else rng.choice(list("ABCD"))
                lines.append(f"{model},q{q},{e},{answer},A,{10 + e}")
    path.write_text("\n".join(lines) + "\n")
    page, _ = report_html(
        read_inputs([str(path)]), ReportOptions(analysis=Options(losses=("brier",), resamples=50))
    )
    before = page[page.index("<h2>Before you read on</h2>") :].partition("</ul>")[0]
    assert "<code>hotmess compare</code>" in before and "`" not in before
    assert "the longer half of a question&#x27;s epochs is the less coherent" in before
    assert "after the correction by Holm for 2 such tests)" in before
