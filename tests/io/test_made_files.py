"""Files that other harnesses' own code wrote (`made/README.md`), against what that code says of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.results.analyze import GroupResult, Options, analyze

MADE = Path(__file__).parent / "made"


def read(*names: str) -> tuple[Inputs, dict[str, GroupResult]]:
    found = read_inputs([str(MADE / name) for name in names])
    assert not [p for p in found.problems if p.level == "error"], found.problems
    totals = found.account.totals()
    assert totals["recorded"] == totals["read"] + totals["copies"] + totals["repeated"] + totals["invalid"]
    results, problems = analyze(found.outcomes, Options(resamples=10))
    assert not [p for p in problems if p.level == "error"], problems
    return found, {f"{r.group.task}/{r.group.scorer}/{r.group.measure}": r for r in results}


def test_lm_eval_with_several_filters_of_which_one_leaves_all_responses() -> None:
    found, results = read("lm_eval")
    # The dummy model says "lol", which is right once in four: the harness's exact_match of the filter `first` is .25.
    first = results["tiny_gen/exact_match,first/None"].as_json()
    assert (first["accuracy"], first["epochs_scored"]) == (0.25, 4)
    everything = results["tiny_gen/take_all/None"].as_json()
    assert (everything["accuracy"], everything["epochs_scored"], everything["variance"]) == (0.25, 12, 0)
    assert results["tiny_mc/acc,none/None"].as_json()["accuracy"] == 0.25
    assert results["tiny_mc/acc_norm,none/None"].as_json()["accuracy"] == 1.0
    assert set(found.outcomes.model.values()) == {"dummy"}


def test_harbor() -> None:
    found, results = read("harbor")
    outcomes = found.outcomes
    rows = zip(outcomes.question.values(), outcomes.value.tolist(), outcomes.actions.tolist(), strict=True)
    assert sorted((q, v, a) for q, v, a in rows if v == v) == [
        ("build-it", 0.0, 1),
        ("fix-git", 0.0, 3),
        ("fix-git", 1.0, 2),
    ]
    assert sorted(outcomes.output_tokens.tolist()) == [10, 20, 30, 40]
    (result,) = results.values()
    assert result.group.model == "terminus-2 · m-1"
    # .5 of fix-git's two, none of build-it's one that was verified.
    assert result.as_json()["unscored"] == 1


def test_harbor_a_reward_that_it_calls_invalid_is_no_verdict(tmp_path: Path) -> None:
    trial = json.loads((MADE / "harbor" / "fix-git__ax0" / "result.json").read_text())
    for number, valid in enumerate((True, False)):
        folder = tmp_path / f"fix-git__{number}"
        folder.mkdir()
        changed = trial | {"trial_name": folder.name, "reward_valid": valid}
        (folder / "result.json").write_text(json.dumps(changed))
    found = read_inputs([str(tmp_path)])
    assert (found.account.totals()["scored"], found.account.totals()["unscored"]) == (1, 1)


def test_harbor_agents_of_another_version_are_another_experiment(tmp_path: Path) -> None:
    trial = json.loads((MADE / "harbor" / "fix-git__ax0" / "result.json").read_text())
    for number, version in enumerate(("1.0", "1.0", "2.0", "2.0")):
        folder = tmp_path / f"fix-git__{number}"
        folder.mkdir()
        agent = trial["agent_info"] | {"version": version}
        (folder / "result.json").write_text(
            json.dumps(trial | {"trial_name": folder.name, "agent_info": agent})
        )
    results, _ = analyze(read_inputs([str(tmp_path)]).outcomes, Options(resamples=10))
    assert [r.as_json()["epochs_scored"] for r in results] == [2, 2]


def test_terminal_bench_counts_each_trial_once() -> None:
    found, results = read("terminal_bench")
    own = json.loads((MADE / "terminal_bench" / "run-a" / "results.json").read_text())
    (result,) = results.values()
    assert result.group.model == "terminus · p/m-2" and result.group.task == "terminal-bench-core"
    scored = found.outcomes.take(found.outcomes.scored)
    assert len(found.outcomes) == 4 and int((scored.value == 1).sum()) == own["n_resolved"]
    assert [p.message for p in found.problems if "without a verdict" in p.message]


def test_swebench_runs_and_reports_are_the_same_epochs() -> None:
    found, results = read("swebench")
    resolved = results["swe-bench/resolved/None"].as_json()
    reports = [
        json.loads((MADE / "swebench" / f"tiny__agent-1.5.night.{n}.json").read_text()) for n in (1, 2)
    ]
    instances = sum(r["submitted_instances"] for r in reports)
    assert (resolved["epochs_scored"], resolved["questions"]) == (instances, 3)
    assert resolved["accuracy"] == pytest.approx(sum(r["resolved_instances"] for r in reports) / instances)
    assert set(found.outcomes.model.values()) == {"tiny__agent-1.5"}
    assert any("stand in more than one log" in p.message for p in found.problems)


def test_swebench_reports_have_their_tests() -> None:
    _, results = read("swebench/logs")
    shares: dict[str, dict[str, list[float]]] = {}
    for path in sorted((MADE / "swebench" / "logs").rglob("report.json")):
        for instance, report in json.loads(path.read_text()).items():
            for name, measure in (("FAIL_TO_PASS", "f2p"), ("PASS_TO_PASS", "p2p")):
                status = report["tests_status"][name]
                passed, failed = len(status["success"]), len(status["failure"])
                shares.setdefault(instance, {}).setdefault(measure, []).append(passed / (passed + failed))
    twice = [own for own in shares.values() if len(own["f2p"]) > 1]
    for measure in ("f2p", "p2p"):
        expected = sum(sum(own[measure]) / len(own[measure]) for own in twice) / len(twice)
        assert results[f"swe-bench/tests/{measure}"].as_json()["accuracy"] == pytest.approx(expected)
    # In the second run one test of two epochs' instance broke: that is all the variance there is.
    assert results["swe-bench/tests/f2p"].as_json()["variance"] == 0
    assert results["swe-bench/tests/p2p"].as_json()["variance"] > 0


def test_swebench_reports_of_other_tests_are_not_compared(tmp_path: Path) -> None:
    """Two versions of an instance with as many tests, of other names."""
    for run, name in (("r1", "old"), ("r2", "new"), ("r3", "new")):
        folder = tmp_path / run / "m" / "a__a-1"
        folder.mkdir(parents=True)
        status = {"success": [], "failure": [f"t::{name}"]}
        report = {"patch_is_None": False, "resolved": False, "patch_successfully_applied": True}
        tests = {"FAIL_TO_PASS": status, "PASS_TO_PASS": {"success": ["t::same"], "failure": []}}
        (folder / "report.json").write_text(json.dumps({"a__a-1": report | {"tests_status": tests}}))
    found = read_inputs([str(tmp_path)])
    results, problems = analyze(found.outcomes, Options(resamples=10))
    tests_of = [r for r in results if r.group.scorer == "tests"]
    assert tests_of[0].as_json()["epochs_scored"] == 2, problems


@pytest.mark.parametrize("known", [True, False])
def test_a_patch_that_does_not_apply_counts_in_the_verdicts_and_in_the_tests(
    tmp_path: Path, known: bool
) -> None:
    """Worked out by hand: of 2 × 2 epochs one is resolved; the two that did not apply mend and break nothing."""
    passing = {"FAIL_TO_PASS": {"success": ["t::a", "t::b"], "failure": []}}
    passing["PASS_TO_PASS"] = {"success": ["t::c"], "failure": []}
    half = {"FAIL_TO_PASS": {"success": ["t::a"], "failure": ["t::b"]}}
    half["PASS_TO_PASS"] = {"success": [], "failure": ["t::c"]}
    runs: list[dict[str, Any]] = [
        {"a__a-1": passing, "a__a-2": half if known else None},
        {"a__a-1": None, "a__a-2": None},
    ]
    for number, run in enumerate(runs):
        for instance, tests in run.items():
            folder = tmp_path / f"r{number}" / "m" / instance
            folder.mkdir(parents=True)
            report: dict[str, Any] = {"patch_is_None": False, "resolved": tests is passing}
            report |= {"patch_successfully_applied": tests is not None}
            report |= {} if tests is None else {"tests_status": tests}
            (folder / "report.json").write_text(json.dumps({instance: report}))
    results, problems = analyze(read_inputs([str(tmp_path)]).outcomes, Options(resamples=10))
    found = {f"{r.group.scorer}/{r.group.measure}": r.as_json() for r in results}
    verdicts, f2p = found["resolved/None"], found["tests/f2p"]
    for counted in ("questions", "epochs_scored"):
        assert verdicts[counted] == f2p[counted] == {"questions": 2, "epochs_scored": 4}[counted], problems
    assert verdicts["accuracy"] == 0.25
    # Of the first instance 1 and 0, of the second ½ (or 0 where nobody knows its tests) and 0.
    assert f2p["accuracy"] == pytest.approx(0.375 if known else 0.25)
    if known:
        assert found["tests/p2p"]["accuracy"] == pytest.approx((1 + 1 + 0 + 1) / 4)
