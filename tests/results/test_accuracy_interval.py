"""Accuracy and error are one quantity where error is what accuracy lacks: their intervals mirror each other."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import demo
from hotmess_inspect.cli import main


@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["score", "answer"]),
    missing=st.sampled_from([0.0, 0.2]),
    clustered=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_intervals_of_accuracy_and_error_are_mirror_images(tmp_path_factory, seed, kind, missing, clustered):
    rng = np.random.default_rng(seed)
    path = tmp_path_factory.mktemp("mirror") / "epochs.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["question_id", "epoch", "target", kind, *(["cluster"] if clustered else [])])
        for question, chance in enumerate(rng.beta(0.8, 1.2, size=rng.integers(9, 40))):
            for epoch in range(1, 5):
                if epoch > 2 and rng.random() < missing:
                    continue
                right = rng.random() < chance
                value = int(right) if kind == "score" else "AB"[not right]
                out.writerow([question, epoch, "A", value, *([question % 12] if clustered else [])])
    ran = CliRunner().invoke(main, ["analyze", str(path), "--json"])
    group = json.loads(ran.stdout)["groups"][0]
    # Of a wrong answer the Brier error is 2.
    unit = 2.0 if kind == "answer" else 1.0
    assert group["error"] == pytest.approx(unit * (1 - group["accuracy"]), abs=1e-12)
    if group["accuracy_ci"] is None:
        return
    mirror = [max(0.0, 1 - end / unit) for end in group["error_ci"][::-1]]
    assert group["accuracy_ci"] == pytest.approx(mirror, abs=1e-12)
    if kind == "score" and not missing:
        # pass^1 is the accuracy; its ends may be cut to those of other k.
        low, high = group["pass_hat_k"][0]["ci"]
        assert group["accuracy_ci"][0] - 1e-12 <= low <= high <= group["accuracy_ci"][1] + 1e-12


def test_shares_of_tests_that_pass_mirror_those_that_fail():
    (log,) = Path(demo.__file__).parent.glob("*.eval")
    groups = json.loads(CliRunner().invoke(main, ["analyze", str(log), "--json"]).stdout)["groups"]
    told = [one for one in groups if one["accuracy_ci"] is not None]
    assert [one["measure"] for one in told] == ["f2p", "pooled", "resolved"]
    for one in told:
        assert one["accuracy_ci"] == pytest.approx([1 - end for end in one["error_ci"][::-1]], abs=1e-12)
