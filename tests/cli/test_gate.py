"""`hotmess gate`: what it decides where the truth is plain, and what its exit status means."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result

from hotmess_inspect.cli import main
from hotmess_inspect.results.gate import checked_quantities


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["gate", *words])


def write(path: Path, rates: np.ndarray, epochs: int, seed: int, prefix: str = "q") -> str:
    right = np.random.default_rng(seed).random((len(rates), epochs)) < rates[:, None]
    lines = ["question_id,epoch,score"]
    lines += [f"{prefix}{q},{e + 1},{int(value)}" for (q, e), value in np.ndenumerate(right)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


RATES = np.random.default_rng(0).beta(2, 1, 300)


def test_much_worse_is_harm(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 5, 1), write(tmp_path / "new.csv", RATES * 0.7, 5, 2)
    done = run(new, "--against", old)
    assert done.exit_code == 1 and done.output.startswith("Harm in accuracy")
    back = run(old, "--against", new, "--on", "accuracy,error")
    assert back.exit_code == 0 and back.output.startswith("No harm shown")


def test_harm_one_way_is_gain_the_other_way_with_mirrored_intervals(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / "old.csv", RATES[:60], 5, 1),
        write(tmp_path / "new.csv", RATES[:60] * 0.9, 5, 2),
    )
    words = ("--on", "accuracy,error,variance,incoherence,pass^2", "--json")
    forth, back = (
        json.loads(run(one, "--against", other, *words).output)["checks"]
        for one, other in ((new, old), (old, new))
    )
    for check, mirror in zip(forth, back, strict=True):
        assert check["p"] == mirror["p"] and check["harm"] == pytest.approx(-mirror["harm"], abs=1e-12)
        assert check["ci"] == pytest.approx([-end for end in mirror["ci"][::-1]], abs=1e-12)


def test_all_questions_lost_is_harm_without_an_interval(tmp_path: Path) -> None:
    # Every question fell from always right to always wrong: nothing varies, which says nothing about other
    # questions, and the permutation test of these rejects all the same.
    old = write(tmp_path / "old.csv", np.ones(30), 4, 1)
    new = write(tmp_path / "new.csv", np.zeros(30), 4, 2)
    done = run(new, "--against", old, "--on", "accuracy", "--json")
    (check,) = json.loads(done.stdout)["checks"]
    assert done.exit_code == 1 and check["decision"] == "harm" and check["ci"] is None
    assert (
        check["sentence"].startswith("table, accuracy: harm, worse by 1.000 (")
        and check["note"] in check["sentence"]
    )
    done = run(old, "--against", new, "--on", "accuracy", "--json")
    (check,) = json.loads(done.stdout)["checks"]
    assert done.exit_code == 2 and check["decision"] == "cannot tell"


def test_the_same_model_again_with_many_epochs_shows_no_harm(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 40, 1), write(tmp_path / "new.csv", RATES, 40, 2)
    done = run(new, "--against", old, "--on", "accuracy,error,variance,pass^3", "--json")
    found = json.loads(done.output)
    assert done.exit_code == 0 and found["decision"] == "no harm shown"
    assert [check["quantity"] for check in found["checks"]] == ["accuracy", "error", "variance", "pass_hat_3"]
    assert all(check["ci"][1] < 0.05 for check in found["checks"])


def test_few_epochs_cannot_tell_and_what_would_suffice_is_said(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES[:30], 3, 1), write(tmp_path / "new.csv", RATES[:30], 3, 4)
    done = run(new, "--against", old, "--on", "accuracy", "--json")
    assert done.exit_code == 2
    (check,) = json.loads(done.output)["checks"]
    assert (
        check["decision"] == "cannot tell"
        and f"about {check['questions_needed']:,} questions" in check["sentence"]
    )
    # Twice the errors of (1.645 + .842) s against the margin: questions grow with the square.
    low, high = check["ci"]
    assert check["questions_needed"] > 30 * (1.645 * (high - low) / 2 / 1.7 / 0.05) ** 2 / 2
    assert 0 < check["power"] < 0.6


def test_the_harm_of_accuracy_is_its_fall_and_that_of_error_its_rise(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 4, 1), write(tmp_path / "new.csv", RATES * 0.8, 4, 2)
    found = json.loads(run(new, "--against", old, "--on", "accuracy,error", "--json").output)["checks"]
    means = [np.genfromtxt(path, delimiter=",", skip_header=1)[:, 2].mean() for path in (old, new)]
    assert found[0]["harm"] == pytest.approx(means[0] - means[1], abs=1e-9)
    # Of pass/fail outcomes the squared error is the failure rate.
    assert found[1]["harm"] == pytest.approx(found[0]["harm"], abs=1e-9)


def test_junit_has_a_case_per_check(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 5, 1), write(tmp_path / "new.csv", RATES * 0.7, 5, 2)
    report = tmp_path / "gate.xml"
    assert run(new, "--against", old, "--junit", str(report)).exit_code == 1
    suite = ElementTree.fromstring(report.read_text())
    assert suite.get("tests") == "3" and int(suite.get("failures") or 0) >= 1
    cases = {case.get("name"): case for case in suite}
    assert cases["accuracy"].find("failure") is not None


def test_runs_without_a_question_in_common_cannot_tell(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / "old.csv", RATES, 3, 1),
        write(tmp_path / "new.csv", RATES, 3, 2, prefix="other"),
    )
    done = run(new, "--against", old)
    assert done.exit_code == 2 and "cannot tell" in done.output.lower()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("new.csv",),
        ("new.csv", "--against", "old.csv", "--on", "speed"),
        ("a", "--against", "b", "--margin", "0"),
    ],
)
def test_usage_errors_end_with_64(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 64


def test_a_missing_file_is_no_pass(tmp_path: Path) -> None:
    new = write(tmp_path / "new.csv", RATES, 3, 2)
    done = run(new, "--against", str(tmp_path / "gone.csv"))
    assert done.exit_code == 2 and "gone.csv" in done.output


def test_more_epochs_than_there_are_is_said(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 3, 1), write(tmp_path / "new.csv", RATES, 3, 2)
    done = run(new, "--against", old, "--on", "pass^9")
    assert done.exit_code == 2 and "pass^9 needs 9 epochs" in done.output


def test_names_of_quantities() -> None:
    assert checked_quantities(["pass^3", "error", "pass_hat_3"]) == ("pass_hat_3", "error")
    with pytest.raises(ValueError, match="'pass\\^x' is not one of"):
        checked_quantities(["pass^x"])


def test_runs_that_differ_on_no_question_are_bounded_by_how_many_there_are(tmp_path: Path) -> None:
    """0 of n questions differ: at 5 % at most 1 - .05^(1/n) of others do, and a mean by that times its reach."""
    for questions, decision in ((30, "cannot tell"), (60, "no harm shown")):
        always = np.repeat([1.0, 0.0], questions // 2)
        old, new = (write(tmp_path / f"{n}.csv", always, 4, n) for n in (1, 2))
        done = run(new, "--against", old, "--on", "accuracy,error,variance,incoherence", "--json")
        checks = {check["quantity"]: check for check in json.loads(done.stdout)["checks"]}
        bound = 1 - 0.05 ** (1 / questions)
        for name, reach in (("accuracy", 1.0), ("error", 1.0), ("variance", 0.5)):
            assert checks[name]["ci"] == pytest.approx([-reach * bound, reach * bound])
        assert checks["accuracy"]["decision"] == decision
        # log .05 / log .95 = 58.4.
        assert checks["accuracy"]["questions_needed"] == (59 if questions == 30 else None)
        # A ratio has no such bound.
        assert checks["incoherence"]["ci"] is None and done.exit_code == 2


def test_one_run_under_two_names_is_not_let_through(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 4, 1), write(tmp_path / "new.csv", RATES, 4, 1)
    done = run(new, "--against", old)
    assert done.exit_code == 2 and "both are one run" in done.output
    # A few answers may be alike by chance.
    for rates, epochs in ((np.array([0.5, 0.5]), 2), (RATES[:5], 1)):
        few = [write(tmp_path / f"{name}.csv", rates, epochs, 1) for name in "ab"]
        assert "alike" not in run(few[0], "--against", few[1]).output


def test_what_does_not_overlap_is_said(tmp_path: Path) -> None:
    old = write(tmp_path / "old.csv", RATES[:40], 4, 1)
    apart = run(write(tmp_path / "new.csv", RATES[:40], 4, 2, prefix="other"), "--against", old)
    assert apart.exit_code == 2 and "they share no question" in apart.output
    some = run(write(tmp_path / "more.csv", RATES[:50], 4, 2), "--against", old)
    assert "10 questions are in one of them only and left out" in some.output


def test_little_power_is_said_with_what_to_do(tmp_path: Path) -> None:
    few, many = RATES[:20], RATES
    for rates, epochs, weak in ((few, 3, True), (many, 40, False)):
        old, new = (
            write(tmp_path / "old.csv", rates, epochs, 1),
            write(tmp_path / "new.csv", rates, epochs, 2),
        )
        done = run(new, "--against", old, "--on", "accuracy")
        text = " ".join(done.output.split())
        assert "would be found with probability" in text
        assert ("run more questions in both runs" in text) is weak
        # A larger margin would find a larger harm, not this one.
        assert "larger --margin" not in text


def test_the_sentence_says_which_way_with_level_and_assumption(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", RATES, 5, 1), write(tmp_path / "new.csv", RATES * 0.7, 5, 2)
    for first, second, word in ((new, old, "worse"), (old, new, "better")):
        (check,) = json.loads(run(first, "--against", second, "--on", "accuracy", "--json").stdout)["checks"]
        low, high = sorted(map(abs, check["ci"]))
        said = f"{word} by {abs(check['harm']):.3f} (90 % interval {low:.3f} to {high:.3f})"
        assert check["level"] == pytest.approx(0.9) and said in check["sentence"]
    few = [write(tmp_path / f"{n}.csv", RATES[:30], 3, n) for n in (1, 4)]
    (check,) = json.loads(run(few[1], "--against", few[0], "--on", "accuracy", "--json").stdout)["checks"]
    low, high = check["ci"]
    assert low < 0 < high
    assert (
        f"(90 % interval {-low:.3f} better to {high:.3f} worse), against the margin 0.05; "
        in check["sentence"]
    )
    assert (
        f"; if nothing changed, about {check['questions_needed']} questions would suffice."
        in check["sentence"]
    )


def test_power_and_what_would_suffice_rest_on_the_intervals_own_quantile(tmp_path: Path) -> None:
    """Four clusters: Student's quantile is 2.35 where the normal one is 1.64."""
    from scipy.stats import t as student

    paths = []
    for seed, shifts in ((1, (0.0, 0.0, 0.0, 0.0)), (2, (0.06, -0.05, 0.04, -0.06))):
        right = np.random.default_rng(seed).random((80, 6)) < np.repeat(np.array(shifts) + 0.6, 20)[:, None]
        rows = [f"q{q},{e + 1},{int(v)},k{q // 20}" for (q, e), v in np.ndenumerate(right)]
        paths.append(tmp_path / f"{seed}.csv")
        paths[-1].write_text("\n".join(["question_id,epoch,score,cluster", *rows]) + "\n")
    found = json.loads(run(str(paths[1]), "--against", str(paths[0]), "--on", "accuracy", "--json").stdout)
    (check,) = found["checks"]
    means = [
        np.loadtxt(path, delimiter=",", skiprows=1, usecols=2).reshape(4, -1).mean(axis=1) for path in paths
    ]
    error = float((means[1] - means[0]).std(ddof=1) / 2)  # of the mean of four clusters of one size
    low, high = check["ci"]
    # Harm is found by the end towards 0, its absence by the upper one.
    towards = check["harm"] - low if check["harm"] > 0 else high - check["harm"]
    quantile, upper = towards / error, (high - check["harm"]) / error
    assert min(quantile, upper) >= student.ppf(0.95, 3) - 1e-6
    # One check in all: harm is found at the level of the interval itself.
    assert check["power"] == pytest.approx(student.cdf(0.05 / error - quantile, 3), abs=1e-6)
    needed = 80 * ((max(quantile, upper) + student.ppf(0.8, 3)) * error / 0.05) ** 2
    assert check["decision"] == "cannot tell" and check["questions_needed"] == pytest.approx(needed, abs=1.01)
    clusters = int(np.ceil(check["questions_needed"] / 20))
    assert f"in {clusters} clusters (now 4) would suffice" in check["sentence"]


def test_what_is_no_answer_never_ends_with_the_status_of_one(tmp_path: Path) -> None:
    """Wrong options found late and files that cannot be written: 1 would say harm, 2 that the data cannot tell."""
    old = write(tmp_path / "old.csv", RATES[:30], 3, 1)
    own = tmp_path / "own.xml"
    own.write_text("my own notes")
    for words, said in (
        (("--junit", str(tmp_path / "old.csv" / "gate.xml")), "old.csv does not exist"),
        (("--junit", str(own)), "own.xml"),
        (("--columns", "question_id"), "--columns"),
        (("--columns", "nothing=question_id"), "--columns"),
    ):
        done = run(old, "--against", old, "--on", "accuracy", *words)
        assert done.exit_code == 64 and said in done.output
    assert own.read_text() == "my own notes"


def test_a_decision_that_hangs_on_the_seed_is_said(tmp_path: Path) -> None:
    """Of pairs of tables with a difference near the limit: harm under one seed and not under another is always said."""
    near = 0
    for number in range(10):
        old = write(tmp_path / "old.csv", RATES[:80], 5, 2 * number)
        new = write(tmp_path / "new.csv", RATES[:80] * 0.93, 5, 2 * number + 1)
        found = [
            json.loads(run(new, "--against", old, "--json", "--on", "accuracy,error", "--seed", seed).output)
            for seed in "012"
        ]
        told = [any("--seed" in p["message"] for p in one["problems"]) for one in found]
        # Two checks: harm where p is below 0.05 = 2 x 5 % / 2.
        for one, said in zip(found, told, strict=True):
            assert said or all(abs(check["p"] - 0.05) > 0.002 for check in one["checks"])
        near += any(told)
        if len({one["decision"] == "harm" for one in found}) > 1:
            assert any(told)
    assert 0 < near < 10


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_closes_the_pipe_leaves_the_answer(tmp_path: Path, form: list[str]) -> None:
    """`hotmess gate ... | head -0` with no harm: 1 would say harm."""
    old = write(tmp_path / "old.csv", RATES[:60], 5, 1)
    words = [old, "--against", old, "--on", "accuracy", *form]
    expected = run(*words).exit_code
    assert expected != 1
    gate = subprocess.Popen(
        [sys.executable, "-m", "hotmess_inspect.cli", "gate", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert gate.stdout is not None and gate.stderr is not None
    gate.stdout.close()
    said = gate.stderr.read().decode()
    assert (gate.wait(), "Traceback" in said, "BrokenPipe" in said) == (expected, False, False)


@pytest.mark.parametrize(
    ("fault", "status"),
    [(RuntimeError("a fault of ours"), 70), (KeyboardInterrupt(), 130), (MemoryError(), 70)],
)
def test_no_fault_of_the_program_says_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, status: int
) -> None:
    def fail(*words: object) -> None:
        raise fault

    monkeypatch.setattr("hotmess_inspect.results.gate.gate", fail)
    old = write(tmp_path / "old.csv", RATES[:60], 5, 1)
    assert run(old, "--against", old).exit_code == status
