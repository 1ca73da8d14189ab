"""Lengths of epochs that a limit stopped are lower bounds, and said to be."""

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.results.lengths import censored_rows
from hotmess_inspect.table import Outcomes


def outcomes(limited: int) -> Outcomes:
    """Ten questions, four epochs; the longest epoch of the first `limited` questions hit a limit."""
    rows = [(q, e) for q in range(10) for e in range(4)]
    return Outcomes.build(
        len(rows),
        {
            "kind": "answer",
            "status": "ok",
            "question": [f"q{q}" for q, _ in rows],
            "epoch": [e + 1 for _, e in rows],
            "answer": ["A" if (q + e) % 3 else "B" for q, e in rows],
            "target": "A",
            "limit": ["token" if e == 3 and q < limited else None for q, e in rows],
            "length": [10.0 * (q + 1) + e for q, e in rows],
        },
    )


def test_both_sides_are_given_where_epochs_are_censored() -> None:
    table = outcomes(4)
    (result,), problems = analyze(table, Options(losses=("brier",), resamples=20, buckets=2))
    found = result.as_json()
    slope = found["length_slope"]
    assert (slope["censored_epochs"], slope["censored_share"]) == (4, 0.1)
    # The short bucket holds questions 0 to 4: 4 of its 20 epochs; the long one none.
    assert [bucket["censored"] for bucket in found["length_buckets"]] == [0.2, 0.0]
    # Without them the numbers are those of a table that never had these epochs.
    (rest,), quiet = analyze(
        table.take(~censored_rows(table)), Options(losses=("brier",), resamples=20, buckets=2)
    )
    alone = rest.as_json()
    assert slope["uncensored"] == {k: alone["length_slope"][k] for k in slope["uncensored"]}
    split = found["overthinking"]["uncensored"]
    assert split == {k: alone["overthinking"][k] for k in split}
    assert alone["length_slope"]["uncensored"] is None
    assert [p.message for p in problems if "lower bounds" in p.message] == [
        "4 of 40 epochs (10%) were ended by a limit or cut off: their lengths are lower bounds; compare the slope "
        "and the overthinking with those without these epochs"
    ]
    assert not [p for p in quiet if "lower bounds" in p.message]


def test_few_censored_epochs_are_counted_without_a_warning() -> None:
    (result,), problems = analyze(outcomes(2), Options(losses=("brier",), resamples=20))
    assert result.as_json()["length_slope"]["censored_epochs"] == 2
    assert not [p for p in problems if "lower bounds" in p.message]


def test_limits_and_cuts_count_and_errors_do_not() -> None:
    table = Outcomes.build(
        5,
        {
            "kind": "score",
            "status": ["limit", "truncated", "ok", "errored", "unscored"],
            "limit": [None, None, "time", "time", "message"],
            "value": np.ones(5),
        },
    )
    assert censored_rows(table).tolist() == [True, True, True, False, False]


def test_a_log_whose_epochs_hit_a_token_limit(limited_log: Path) -> None:
    assert censored_rows(read_inputs([str(limited_log)]).outcomes).all()
    result = CliRunner().invoke(main, ["analyze", str(limited_log), "--json"])
    found = json.loads(result.stdout)["groups"][0]
    assert found["length_slope"]["censored_share"] == 1.0
    assert found["length_slope"]["uncensored"]["slope"] is None
