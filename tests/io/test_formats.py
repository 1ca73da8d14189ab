"""Files of other harnesses: small ones in each of their forms, and numbers that others have published."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotmess_inspect.io.formats import Rows, format_of
from hotmess_inspect.io.formats import interface as interface_module
from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.io.sources import File
from hotmess_inspect.table import Outcomes


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def rows(outcomes: Outcomes) -> set[tuple[Any, ...]]:
    return set(zip(outcomes.question.values(), outcomes.epoch.tolist(), outcomes.value.tolist(), strict=True))


def read(*paths: Path, **options: Any) -> Inputs:
    found = read_inputs(list(paths), **options)
    assert not [p for p in found.problems if p.level == "error"], found.problems
    return found


CALL = {"role": "assistant", "tool_calls": [{"id": "1"}, {"id": "2"}]}
TALK = [{"role": "user", "content": "hi"}, CALL, {"role": "tool"}, {"role": "assistant", "content": "bye"}]


@pytest.mark.parametrize("name", ["gpt-x.json", "gpt-x.json.gz"])
def test_tau_bench(tmp_path: Path, name: str) -> None:
    trials = [
        {"task_id": task, "reward": float(trial == task), "info": {}, "traj": TALK, "trial": trial}
        for trial in range(2)
        for task in range(2)
    ]
    outcomes = read(write(tmp_path / name, trials)).outcomes
    assert rows(outcomes) == {("0", 0, 1.0), ("1", 0, 0.0), ("0", 1, 0.0), ("1", 1, 1.0)}
    assert set(outcomes.model.values()) == {"gpt-x"}
    assert outcomes.actions.tolist() == [2] * 4
    assert outcomes.turns.tolist() == [2] * 4


def test_tau_squared(tmp_path: Path) -> None:
    document = {
        "timestamp": "x",
        "info": {"agent_info": {"llm": "gpt-y"}, "environment_info": {"domain_name": "airline"}},
        "tasks": [],
        "simulations": [
            {"task_id": "a", "trial": t, "reward_info": {"reward": t / 1}, "messages": TALK} for t in (0, 1)
        ],
    }
    outcomes = read(write(tmp_path / "results.json", document)).outcomes
    assert rows(outcomes) == {("a", 0, 0.0), ("a", 1, 1.0)}
    assert (set(outcomes.model.values()), set(outcomes.task.values())) == ({"gpt-y"}, {"airline"})


def test_tau_squared_in_a_folder_of_simulations(tmp_path: Path) -> None:
    info = {"agent_info": {"llm": "gpt-y"}, "environment_info": {"domain_name": "retail"}}
    write(tmp_path / "run" / "results.json", {"timestamp": "x", "info": info, "tasks": []})
    for trial, reward in ((0, 1.0), (1, None)):
        one = {"id": f"s{trial}", "task_id": "a", "termination_reason": "user_stop", "trial": trial}
        one |= {"messages": TALK, **({} if reward is None else {"reward_info": {"reward": reward}})}
        write(tmp_path / "run" / "simulations" / f"s{trial}.json", one)
    found = read(tmp_path)
    outcomes = found.outcomes
    assert rows(outcomes.take(outcomes.scored)) == {("a", 0, 1.0)}
    assert (set(outcomes.model.values()), set(outcomes.task.values())) == ({"gpt-y"}, {"retail"})
    assert (found.account.totals()["read"], found.account.totals()["unscored"]) == (2, 1)


SECRETS = ("v1.2Hh-3kLmnopqrstuv", "hunter2hunter2")


def test_keys_among_the_arguments_of_other_harnesses_are_never_shown(tmp_path: Path) -> None:
    given = {"temperature": 0, "api_key": SECRETS[0], "extra": {"password": SECRETS[1]}}
    info = {
        "agent_info": {"implementation": "llm_agent", "llm": "m", "llm_args": given},
        "user_info": {"implementation": "u", "llm": "m", "llm_args": given},
        "environment_info": {"domain_name": "airline"},
    }
    write(
        tmp_path / "tau" / "results.json",
        {"info": info, "simulations": [{"task_id": "a", "trial": 0, "reward": 1}]},
    )
    config = {"agent_name": "a", "benchmark_name": "b", "run_id": "r", "agent_args": given}
    write(tmp_path / "r_UPLOAD.json", {"config": config, "raw_eval_results": {"0": {"reward": 1.0}}})
    harbor_trial(tmp_path / "h", "fix-git__a", 1.0, config={"agent": {"kwargs": given}})
    write(
        tmp_path / "tb" / "run_metadata.json", {"agent_name": "t", "model_name": "m", "agent_kwargs": given}
    )
    write(
        tmp_path / "tb" / "results.json",
        {"results": [{"task_id": "t", "trial_name": "t.1", "is_resolved": True}]},
    )
    variants = read(tmp_path).outcomes.variant.names
    assert len(variants) == 3  # the same settings of two harnesses are the same text
    for variant in variants:
        assert not [secret for secret in SECRETS if secret in variant], variant
        assert "hidden" in variant and "temperature" in variant


def harbor_trial(folder: Path, trial: str, reward: float | None, **fields: Any) -> None:
    document = {
        "task_name": "fix-git",
        "trial_name": trial,
        "source": "terminal-bench",
        "agent_info": {"name": "terminus", "model_info": {"name": "gpt-z", "provider": "p"}},
        "agent_result": {"n_output_tokens": 7},
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
    }
    write(folder / trial / "result.json", document | fields)
    write(folder / trial / "config.json", {"trial_name": trial})
    steps = [{"source": "user"}, {"source": "agent", "tool_calls": [{}, {}, {}]}]
    write(folder / trial / "agent" / "trajectory.json", {"schema_version": "ATIF-v1.2", "steps": steps})


def test_harbor_trials_have_no_order(tmp_path: Path) -> None:
    harbor_trial(tmp_path, "fix-git__b", 0.0)
    harbor_trial(tmp_path, "fix-git__a", 1.0)
    harbor_trial(tmp_path, "fix-git__c", 1.0)
    harbor_trial(tmp_path, "fix-git__d", None, exception_info={"exception_type": "Timeout"})
    write(tmp_path / "result.json", {"id": "j", "n_total_trials": 4, "stats": {}})
    found = read(tmp_path)
    outcomes = found.outcomes
    assert rows(outcomes.take(outcomes.scored)) == {
        ("fix-git", 1, 1.0),
        ("fix-git", 2, 0.0),
        ("fix-git", 3, 1.0),
    }
    assert outcomes.status.values().count("unscored") == 1
    assert outcomes.actions.tolist() == [3] * 4
    assert set(outcomes.model.values()) == {"terminus · gpt-z"}
    assert found.account.totals()["read"] == 4


def test_terminal_bench_results(tmp_path: Path) -> None:
    results = [
        {"task_id": "t", "trial_name": f"t.{n}", "is_resolved": n == 1, "total_output_tokens": 5}
        for n in range(2)
    ]
    outcomes = read(write(tmp_path / "run" / "results.json", {"results": results})).outcomes
    assert rows(outcomes) == {("t", 1, 0.0), ("t", 2, 1.0)}


def test_terminal_bench_runs_that_are_named_by_number_and_time_are_repeats(tmp_path: Path) -> None:
    for number, right in ((1, (True, False)), (2, (True, None))):
        run = tmp_path / "20250811_agent_model" / f"run{number}_2025-08-10__05-27-1{number}"
        trials = [
            {"task_id": f"t{n}", "trial_name": f"t{n}.1-of-1.{run.name}", "is_resolved": verdict}
            for n, verdict in enumerate(right)
        ]
        write(run / "results.json", {"id": "x", "results": trials, "accuracy": 0.5})
        for trial in trials:
            write(run / str(trial["task_id"]) / str(trial["trial_name"]) / "results.json", trial)
    found = read(tmp_path)
    outcomes = found.outcomes
    assert set(outcomes.model.values()) == {"20250811_agent_model"}
    assert rows(outcomes.take(outcomes.scored)) == {("t0", 1, 1.0), ("t0", 2, 1.0), ("t1", 1, 0.0)}
    assert found.account.totals()["copies"] == 4
    assert any("no file names its agent" in p.message for p in found.problems)


def test_terminal_bench_runs_of_one_agent_with_several_models_are_kept_apart(tmp_path: Path) -> None:
    # As the leaderboard's submissions lie: the metadata of two of them name an agent and no model, one has all
    # attempts in one folder, and one has its runs as files called <run>_results.json.
    def trials(run: str, verdicts: dict[str, bool]) -> dict[str, Any]:
        counts = {"failure_mode": "unset", "total_input_tokens": 0, "total_output_tokens": 0}
        return {
            "results": [
                {"task_id": "t", "trial_name": f"t.{name}.{run}", "is_resolved": verdict} | counts
                for name, verdict in verdicts.items()
            ]
        }

    for model, verdicts in (("droid_opus", (True, True)), ("droid_sonnet", (True, False))):
        for number, verdict in enumerate(verdicts, 1):
            run = tmp_path / model / f"rc2_{number}"
            write(run / "results.json", trials(run.name, {"1-of-1": verdict}))
            about = {"run_id": run.name, "agent_name": "Droid", "model_name": None, "dataset_name": "core"}
            write(run / "run_metadata.json", about)
    both = trials("2025-09-01", {"1-of-2": False, "2-of-2": True})
    both["results"][1]["total_output_tokens"] = 7
    write(tmp_path / "lead_qwen" / "results.json", both)
    about = {"run_id": "2025-09-01", "agent_name": "Lead", "model_name": None, "dataset_name": "core"}
    write(tmp_path / "lead_qwen" / "run_metadata.json", about)
    for time in ("2025-08-25__12-29-38_", "2025-08-25__13-35-43"):
        write(tmp_path / "goose_opus" / f"{time}_results.json", trials(time, {"1-of-1": True}))
    found = read(tmp_path)
    table = found.outcomes
    models = table.model.values()
    assert {(model, score) for model, score in zip(models, table.value.tolist(), strict=True)} == {
        ("Droid · droid_opus", 1.0), ("Droid · droid_sonnet", 1.0), ("Droid · droid_sonnet", 0.0),
        ("Lead · lead_qwen", 0.0), ("Lead · lead_qwen", 1.0), ("goose_opus", 1.0),
    }  # fmt: skip
    assert all(models.count(model) == 2 for model in models)
    assert sum("no file names its model" in problem.message for problem in found.problems) == 5
    # Tokens that an agent does not report are no answers of length 0.
    assert [n for n in table.output_tokens.tolist() if not math.isnan(n)] == [7]


def test_swebench_reports_of_runs(tmp_path: Path) -> None:
    for run, resolved in (("r1", ["a__a-1", "b__b-2"]), ("r2", ["a__a-1"])):
        document = {
            "total_instances": 4,
            "submitted_ids": ["a__a-1", "b__b-2", "c__c-3"],
            "resolved_ids": resolved,
            "unresolved_ids": [],
            "empty_patch_ids": [],
            "error_ids": ["c__c-3"],
            "incomplete_ids": ["d__d-4"],
        }
        write(tmp_path / f"model.{run}.json", document)
    outcomes = read(tmp_path).outcomes
    assert rows(outcomes.take(outcomes.scored)) == {
        ("a__a-1", 1, 1.0),
        ("a__a-1", 2, 1.0),
        ("b__b-2", 1, 1.0),
        ("b__b-2", 2, 0.0),
    }
    assert set(outcomes.question.values()) == {"a__a-1", "b__b-2", "c__c-3"}  # an error is no verdict
    assert set(outcomes.cluster.values()) == {"a__a", "b__b", "c__c"}


def test_no_clusters_of_another_harness_where_none_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "repeats.jsonl"
    path.write_text("".join(f'{{"instance_id": "a__a-{n}", "resolved": [1, 0]}}\n' for n in range(3)))
    assert read(path).outcomes.cluster.values() == ["a__a"] * 6
    assert read(path, cluster="none").outcomes.cluster.missing.all()
    assert len(set(read(path, cluster="question").outcomes.cluster.values())) == 3


def test_swebench_reports_of_instances(tmp_path: Path) -> None:
    for run, resolved in (("r1", True), ("r2", False)):
        report = {"a__a-1": {"patch_is_None": False, "resolved": resolved, "tests_status": {}}}
        write(tmp_path / run / "m" / "a__a-1" / "report.json", report)
    outcomes = read(tmp_path).outcomes
    assert rows(outcomes) == {("a__a-1", 1, 1.0), ("a__a-1", 2, 0.0)}
    assert set(outcomes.model.values()) == {"m"}


def test_swebench_reports_as_leaderboards_keep_them(tmp_path: Path) -> None:
    """One report per instance, without the instance's name, in folders of submissions."""
    for submission, resolved in (("2025-a", (True, False)), ("2025-b", (True, True))):
        for number, verdict in enumerate(resolved):
            status = {"FAIL_TO_PASS": {"success": ["t"] * verdict, "failure": ["t"] * (not verdict)}}
            report = {
                "patch_is_None": False,
                "patch_exists": True,
                "resolved": verdict,
                "tests_status": status,
            }
            write(tmp_path / submission / "logs" / f"a__a-{number}" / "report.json", report)
    outcomes = read(tmp_path).outcomes
    assert set(outcomes.model.values()) == {"2025-a", "2025-b"}
    judged = outcomes.take(outcomes.scorer.equals("resolved"))
    assert sorted(
        zip(judged.model.values(), judged.question.values(), judged.value.tolist(), strict=True)
    ) == [
        ("2025-a", "a__a-0", 1.0),
        ("2025-a", "a__a-1", 0.0),
        ("2025-b", "a__a-0", 1.0),
        ("2025-b", "a__a-1", 1.0),
    ]


def test_swebench_failures_of_the_environment_say_nothing_of_tests(tmp_path: Path) -> None:
    """As swebench 5 writes them: no test output, and why."""
    for number, failed in enumerate((True, False)):
        report = {
            "patch_is_None": False,
            "patch_exists": True,
            "patch_successfully_applied": False,
            "resolved": False,
        }
        report |= (
            {"infra_failure": failed, "infra_failure_reason": "disk full"}
            if failed
            else {"infra_failure": False}
        )
        write(tmp_path / "r" / "m" / f"a__a-{number}" / "report.json", {f"a__a-{number}": report})
    found = read(tmp_path)
    tests = found.outcomes.take(found.outcomes.scorer.equals("tests"))
    assert tests.question.values() == ["a__a-1"]
    assert sum("reasons of the environment" in p.message for p in found.problems) == 1


def test_runs_of_two_agents_with_one_name_are_no_copies_of_each_other(tmp_path: Path) -> None:
    """The harness of SWE-bench is often run under one id for several models, and runs of agents are called run1."""
    for model, resolved in (("a", True), ("b", False)):
        report = {"x__x-1": {"patch_is_None": False, "resolved": resolved}}
        write(tmp_path / "swe" / "run_evaluation" / "validate" / model / "x__x-1" / "report.json", report)
        run = tmp_path / "tb" / model / "run-a"
        write(run / "run_metadata.json", {"agent_name": model, "model_name": "m"})
        trial = {"task_id": "t", "trial_name": "t.1-of-1.run-a", "is_resolved": resolved}
        write(run / "results.json", {"results": [trial]})
    found = read(tmp_path)
    assert found.account.totals()["copies"] == 0
    told = zip(
        found.outcomes.model.values(),
        found.outcomes.epoch.tolist(),
        found.outcomes.value.tolist(),
        strict=True,
    )
    assert sorted(told) == [("a", 1, 1.0), ("a · m", 1, 1.0), ("b", 1, 0.0), ("b · m", 1, 0.0)]


def test_hal_uploads(tmp_path: Path) -> None:
    for run, reward in (("r1", 1.0), ("r2", 0.0)):
        document = {
            "config": {
                "agent_name": "a",
                "benchmark_name": "taubench",
                "run_id": run,
                "agent_args": {"model_name": "m"},
            },
            "results": {},
            "raw_eval_results": {"0": {"reward": reward, "taken_actions": [1, 2], "cost": 0.1}},
        }
        write(tmp_path / f"{run}_UPLOAD.json", document)
    outcomes = read(tmp_path).outcomes
    assert rows(outcomes) == {("0", 1, 1.0), ("0", 2, 0.0)}
    assert outcomes.actions.tolist() == [2, 2]


def test_agents_with_one_model_are_not_pooled_and_wordings_are_contexts(tmp_path: Path) -> None:
    def document(agent: str, results: object, **more: object) -> dict[str, object]:
        config = {
            "agent_name": agent,
            "benchmark_name": "b",
            "run_id": agent,
            "agent_args": {"model_name": "m"},
        }
        return {"config": config, "raw_eval_results": results, **more}

    for agent, reward in (("one_rep1", 1.0), ("one_rep2", 0.0), ("two", 1.0)):
        made = document(agent, {"0": {"reward": reward}, "1": {"reward": 1.0}}, task_step_counts={"0": 3})
        write(tmp_path / f"{agent}_UPLOAD.json", made)
    outcomes = read(tmp_path).outcomes
    of_agent = {
        variant: sorted(
            value
            for one, value in zip(outcomes.variant.values(), outcomes.value, strict=True)
            if one == variant
        )
        for variant in set(outcomes.variant.values())
    }
    assert sorted(of_agent.values()) == [[0.0, 1.0, 1.0, 1.0], [1.0, 1.0]]
    assert sorted(outcomes.turns[outcomes.turns == outcomes.turns].tolist()) == [3, 3, 3]
    worded = {
        "0": [{"variation_id": v, "score": float(v > 0)} for v in range(3)],
        "1": [{"variation_id": 0, "score": 1.0}],
    }
    found = read(write(tmp_path / "w" / "x_UPLOAD.json", document("x", worded))).outcomes
    told = zip(found.question.values(), found.context.values(), found.value.tolist(), strict=True)
    assert sorted(told) == [("0", "0", 0.0), ("0", "1", 1.0), ("0", "2", 1.0), ("1", "0", 1.0)]


FOUND = {"capsule-1": (2, 2, 1, 1), "capsule-2": (2, 2, 0, 1)}
COUNTS = (
    "correct_written_answers",
    "total_written_questions",
    "correct_vision_answers",
    "total_vision_questions",
)
# As each benchmark of HAL writes its raw results, with the lists and the accuracy that its summary gives.
HAL: dict[str, tuple[Any, dict[str, Any], dict[str, float]]] = {
    "corebench_hard": (
        {task: dict(zip(COUNTS, numbers, strict=True)) for task, numbers in FOUND.items()},
        {"accuracy": 0.5, "successful_tasks": ["capsule-1"], "failed_tasks": ["capsule-2"]},
        {"capsule-1": 1, "capsule-2": 0},
    ),
    "swebench_verified": (
        {
            "total_instances": 3,
            "resolved_instances": 1,
            "resolved_ids": ["a__a-1"],
            "unresolved_ids": ["a__a-2"],
        }
        | {"error_ids": ["a__a-3"]},
        {"accuracy": 1 / 3, "successful_tasks": ["a__a-1"], "failed_tasks": ["a__a-3", "a__a-2"]},
        {"a__a-1": 1, "a__a-2": 0, "a__a-3": 0},
    ),
    "usaco": (
        {
            "rdict": {},
            "sdict": {
                "1_b": [{"result": {"fraction_passed": 1}}],
                "2_s": [{"result": {"fraction_passed": 0.4}}],
            },
        }
        | {"rs": [], "ss": []},
        {"accuracy": 0.5, "successful_tasks": ["1_b"], "failed_tasks": ["2_s"]},
        {"1_b": 1, "2_s": 0},
    ),
    "appworld_test_normal": (
        {
            "aggregate": {"task_goal_completion": 50.0},
            "individual": {"x_1": {"success": True}, "x_2": {"success": False}},
        },
        {"accuracy": 50.0, "successful_tasks": ["x_1"], "failed_tasks": ["x_2"]},
        {"x_1": 1, "x_2": 0},
    ),
    "scicode": (
        {"details": {"11": ["11.1", "11.2"]}},
        {"accuracy": 0.5, "successful_tasks": ["11"], "failed_tasks": ["12"]},
        {"11": 1, "12": 0},
    ),
    "assistantbench": (
        {"scores": [1.0, 0.0], "answers": [1, 1], "successful_tasks": ["p"], "failed_tasks": ["q"]},
        {"exact_matches": 0.5, "successful_tasks": ["p"], "failed_tasks": ["q"]},
        {"p": 1, "q": 0},
    ),
    "taubench_airline": (
        {"0": {"reward": 1.0, "taken_actions": []}, "1": {"reward": 0.0}, "2": "ERROR: the agent ended"},
        {"accuracy": 1 / 3, "successful_tasks": ["0"], "failed_tasks": ["1", "2"]},
        {"0": 1, "1": 0, "2": 0},
    ),
    "gaia": (
        {"t1": {"score": True, "explanation": ""}, "t2": {"score": False}},
        {"accuracy": 0.5, "level_1_accuracy": None, "successful_tasks": ["t1"], "failed_tasks": ["t2"]},
        {"t1": 1, "t2": 0},
    ),
    "colbench_backend_programming": (
        [1.0, 0.25],
        {"accuracy": 0.5, "average_correctness": 0.625},
        {"0": 1, "1": 0.25},
    ),
}


@pytest.mark.parametrize("benchmark", HAL)
def test_each_benchmark_of_hal_has_the_accuracy_that_its_upload_states(
    tmp_path: Path, benchmark: str
) -> None:
    raw, summary, expected = HAL[benchmark]
    config = {
        "agent_name": "a",
        "benchmark_name": benchmark,
        "run_id": "r",
        "agent_args": {"model_name": "m"},
    }
    path = write(tmp_path / "r_UPLOAD.json", {"config": config, "results": summary, "raw_eval_results": raw})
    found = read(path)
    assert dict(zip(found.outcomes.question.values(), found.outcomes.value.tolist(), strict=True)) == expected
    told = [problem.message for problem in found.problems if "states accuracy" in problem.message]
    assert bool(told) == (benchmark == "colbench_backend_programming"), told


def test_an_upload_of_hal_whose_tasks_have_no_score_says_so(tmp_path: Path) -> None:
    for name, raw in (("a", {"status": "success", "eval": {}}), ("b", {}), ("c", {"t": "ERROR"})):
        path = write(tmp_path / f"{name}_UPLOAD.json", {"config": {}, "results": {}, "raw_eval_results": raw})
        problems = read_inputs([path]).problems
        assert any("no task in raw_eval_results has a score" in one.message for one in problems), problems


def test_metr_runs(tmp_path: Path) -> None:
    lines = [
        {
            "task_id": "f/one",
            "task_family": "f",
            "alias": "GPT",
            "run_id": run,
            "score_binarized": score,
            "human_minutes": 4.0,
            "invsqrt_task_weight": 0.5,
        }
        for run, score in ((1, 1), (2, 0))
    ]
    outcomes = read(write(tmp_path / "runs.jsonl", "\n".join(map(json.dumps, lines)))).outcomes
    assert rows(outcomes) == {("f/one", 1, 1.0), ("f/one", 2, 0.0)}
    assert outcomes.cluster.values() == ["f", "f"]
    assert outcomes.human_minutes.tolist() == [4.0, 4.0] and outcomes.weight.tolist() == [0.5, 0.5]


def test_metr_runs_of_two_models_and_of_two_files_are_all_kept(tmp_path: Path) -> None:
    def lines(name: str, **ids: object) -> Path:
        made = [
            {"task_id": "t", "alias": alias, "score_binarized": score, "human_minutes": 4.0, **ids}
            for alias, score in (("a", 1), ("b", 0), ("a", int(name == "x")))
        ]
        for number, one in enumerate(made):
            if ids:
                one["run_id"] = number // 2
        return write(tmp_path / f"{name}.jsonl", "\n".join(map(json.dumps, made)))

    same_ids = read(lines("same", run_id=0)).outcomes
    assert sorted(map(str, same_ids.model.values())) == ["a", "a", "b"]
    both = read(lines("x"), lines("y")).outcomes
    assert len(both) == 6
    (tmp_path / "copy.jsonl").write_bytes((tmp_path / "x.jsonl").read_bytes())
    assert len(read(tmp_path / "x.jsonl", tmp_path / "y.jsonl", tmp_path / "copy.jsonl").outcomes) == 6


def lm_eval(score: float, filter_: str, responses: list[Any], **fields: Any) -> dict[str, Any]:
    return {
        "doc_id": 0,
        "doc": {},
        "target": "4",
        "arguments": {},
        "resps": [responses],
        "filtered_resps": responses,
        "filter": filter_,
        "metrics": ["exact_match"],
        "exact_match": score,
    } | fields


def test_lm_eval_samples_of_several_runs_and_filters(tmp_path: Path) -> None:
    for run, score in (("2026-01-01T00-00-00.1", 1.0), ("2026-01-02T00-00-00.1", 0.0)):
        lines = [lm_eval(score, "strict-match", ["4"]), lm_eval(1.0, "flexible-extract", ["4"])]
        write(tmp_path / "m" / f"samples_gsm8k_{run}.jsonl", "\n".join(map(json.dumps, lines)))
    outcomes = read(tmp_path).outcomes
    strict = outcomes.take(outcomes.scorer.equals("exact_match,strict-match"))
    assert rows(strict) == {("0", 1, 1.0), ("0", 2, 0.0)}
    assert set(outcomes.scorer.values()) == {"exact_match,strict-match", "exact_match,flexible-extract"}
    assert (set(outcomes.task.values()), set(outcomes.model.values())) == ({"gsm8k"}, {"m"})


def test_lm_eval_repeats_are_epochs(tmp_path: Path) -> None:
    line = lm_eval(0.5, "keep", ["4", "5", "4"])
    outcomes = read(write(tmp_path / "m" / "samples_g_2026-01-01T00.jsonl", json.dumps(line))).outcomes
    assert sorted(outcomes.epoch.tolist()) == [1, 2, 3]
    assert outcomes.answer.values() == ["4", "5", "4"]


def test_openai_evals(tmp_path: Path) -> None:
    lines = [
        {"spec": {"completion_fns": ["gpt"], "eval_name": "e.dev", "run_id": "r"}},
        {"run_id": "r", "event_id": 0, "sample_id": "e.dev.0", "type": "sampling", "data": {}},
        {"run_id": "r", "event_id": 1, "sample_id": "e.dev.0", "type": "match", "data": {"correct": True}},
    ]
    outcomes = read(write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, lines)))).outcomes
    assert rows(outcomes) == {("e.dev.0", 1, 1.0)}


@pytest.mark.parametrize(("stated", "said"), [(1 / 3, False), (0.5, True), (None, False)])
def test_a_log_of_openai_evals_has_the_accuracy_of_its_final_report(
    tmp_path: Path, stated: float | None, said: bool
) -> None:
    # As `oaieval` writes it: the report before the events, and matches with what was picked.
    spec = {"completion_fns": ["agent"], "eval_name": "m.s1.v0", "base_eval": "m", "split": "s1"}
    lines: list[dict[str, Any]] = [{"spec": spec | {"run_id": "r"}}, {"final_report": {"accuracy": stated}}]
    for sample, right in ((2, False), (1, True), (0, False)):
        event = {"run_id": "r", "sample_id": f"m.s1.{sample}", "created_by": ""}
        lines.append(event | {"type": "sampling", "data": {"prompt": "p", "sampled": "x"}})
        lines.append(event | {"type": "match", "data": {"correct": right, "picked": None, "options": ["x"]}})
    found = read(write(tmp_path / "log.jsonl", "\n".join(map(json.dumps, lines))))
    assert rows(found.outcomes) == {("m.s1.0", 1, 0.0), ("m.s1.1", 1, 1.0), ("m.s1.2", 1, 0.0)}
    told = [one.message for one in found.problems if "states accuracy" in one.message]
    assert told == (["states accuracy 0.5; the 3 tasks with a result have 0.3333"] if said else []), told


def test_lines_of_id_trial_score(tmp_path: Path) -> None:
    lines = [{"id": "q", "trial": n, "score": n % 2} for n in range(3)]
    outcomes = read(write(tmp_path / "x.jsonl", "\n".join(map(json.dumps, lines)))).outcomes
    assert rows(outcomes) == {("q", 0, 0.0), ("q", 1, 1.0), ("q", 2, 0.0)}


def test_a_format_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ours:
        name = "our runs"

        def recognise(self, path: str, head: bytes) -> bool:
            return head.startswith(b'{"ours":')

        def read(self, path: str, text: bytes) -> Rows:
            return Rows({"question_id": ["q", "q"], "epoch": [1, 2], "score": json.loads(text)["ours"]})

    class Point:
        def load(self) -> type[Ours]:
            return Ours

    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: [Point()] if group == interface_module.GROUP else [],
    )
    interface_module.formats.cache_clear()
    try:
        found = read(write(tmp_path / "x.json", {"ours": [0.0, 1.0]}))
    finally:
        interface_module.formats.cache_clear()
    assert rows(found.outcomes) == {("q", 1, 0.0), ("q", 2, 1.0)}
    assert found.account.files[0].form == "our runs"


@pytest.mark.parametrize(
    "content",
    [
        '[{"task_id": 1, "reward": 1, "traj": ',
        '{"raw_eval_results": []}',
        '{"resolved_ids": 3}',
        '{"resolved_ids": [[1]]}',
    ],
)
def test_what_is_not_as_the_format_has_it_is_one_sentence(content: str, tmp_path: Path) -> None:
    write(tmp_path / "x.json", content)
    write(tmp_path / "good.csv", "question_id,epoch,score\nq,1,1\n")
    found = read_inputs(tmp_path)
    assert len(found.outcomes) == 1
    assert [Path(p.input).name for p in found.problems if p.level == "error"] == ["x.json"]


def test_other_json_is_of_no_format(tmp_path: Path) -> None:
    for content in ({"files": 3}, [1, 2], {"resolved": []}, {"version": 2, "eval": {}}):
        path = write(tmp_path / "x.json", content)
        assert format_of(File(str(path), path.stat().st_size, named=True)) is None


@pytest.mark.shared
def test_published_numbers(shared_data: Path) -> None:
    """τ-bench's gpt-4o on airline: pass¹…⁴ .42, .2733, .22, .20. Sonnet 4.5: 66 always, 16 never, 18 unstable."""
    from math import comb

    outcomes = read(shared_data / "tau" / "gpt-4o-airline.json.gz").outcomes
    right = np.bincount(outcomes.question.codes, weights=outcomes.value).astype(int)
    assert len(right) == 50
    passed = [float(np.mean([comb(c, k) / comb(4, k) for c in right])) for k in (1, 2, 3, 4)]
    assert passed == pytest.approx([0.42, 0.2733, 0.22, 0.20], abs=5e-5)

    outcomes = read(shared_data / "swebench_repeats_sonnet45_k5.jsonl").outcomes
    # Runs without a verdict are no failures: `null` stays unscored, and counts as not resolved in that count alone.
    right = np.bincount(outcomes.question.codes, weights=np.nan_to_num(outcomes.value)).tolist()
    assert (right.count(5.0), right.count(0.0), len(right)) == (66, 16, 100)
    # The study's rates of its five runs, their mean, and that of the majority of runs, in per cent.
    runs = [np.nan_to_num(outcomes.value[outcomes.epoch == run]).sum() for run in range(1, 6)]
    assert runs == [79, 75, 77, 76, 72] and np.mean(runs) == pytest.approx(75.8)
    assert sum(one >= 3 for one in right) == 76
