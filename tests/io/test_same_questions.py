"""Logs that may not be pooled, or only once their letters and ids say the same."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.io.records import decode_header
from hotmess_inspect.io.same_questions import Asked, Run, apply_change, asked_of, settle
from hotmess_inspect.io.variants import variant_of
from hotmess_inspect.table import Outcomes


def header(**eval_fields: object) -> str:
    """The settings of a log, as the name of its variant."""
    spec = {"task": "t", "model": "m", **eval_fields}
    return variant_of(decode_header(json.dumps({"eval": spec, "status": "success"}).encode()), "judge")


@pytest.mark.parametrize(
    "fields",
    [
        {"model_args": {"quantization": "int8"}},
        {"model_base_url": "http://localhost:8000/v1"},
        {"model_roles": {"grader": {"model": "other", "config": {}, "args": {}}}},
        {"model_roles": {"grader": {"model": "m", "config": {"temperature": 0.5}, "args": {}}}},
        {"scorers": [{"name": "judge", "options": {"strict": True}}]},
        {"dataset": {"name": "hard"}},
        {"dataset": {"location": "/data/hard.jsonl"}},
        {"task_version": 2},
        {"task_args": {"level": "hard"}},
        {"sandbox": {"type": "docker"}},
        {"sandbox": {"type": "docker", "config": "/a/compose.yaml"}},
        {"config": {"cost_limit": 2.5}},
        {"config": {"token_limit": 10, "token_limit_type": "output"}},
        {"config": {"approval": {"approvers": [{"name": "human", "tools": "*"}]}}},
        {"model_generate_config": {"system_message": "Be brief."}},
        {"model_generate_config": {"extra_body": {"top_a": 0.1}}},
        {"model_generate_config": {"fallback_models": ["other"]}},
        {"task_args": {"instances": ["a"]}},  # of a task that may mean something else by it
    ],
)
def test_what_makes_another_experiment_makes_another_variant(fields: dict[str, object]) -> None:
    assert header(**fields) != header()


def test_shards_of_swebench_are_one_experiment() -> None:
    task = {"task": "hotmess_inspect/swebench"}
    shards = [{"instances": ["a", "b"]}, {"instances": "c", "preflight": 0}, {"difficulty": "1-4 hours"}]
    assert {header(**task, task_args=shard) for shard in shards} == {header(**task)}
    assert header(**task, task_args={"on_limit": "grade"}) != header(**task)


ASKED = {"steps": [{"solver": "hotmess_inspect/ask_choice", "params_passed": {}}]}


@pytest.mark.parametrize(
    ("task", "shard"),
    [
        ("hotmess_inspect/gpqa", {"domains": "Physics", "questions": 3, "checksum": "0"}),
        ("hotmess/mmlu", {"subjects": ["anatomy"], "per_subject": 0, "questions": 9}),
        ("hotmess_inspect/model_written", {"sets": "survival-instinct", "questions": 5}),
        ("hotmess_inspect/optimizer", {"starts": 3}),
        ("gpqa_paper", {"questions": 3, "output_tokens": 9, "measured": "/a/few.eval"}),
        ("mmlu_paper", {"subjects": "anatomy", "per_subject": 20, "measured": "few.eval"}),
        ("model_written_paper", {"sets": "survival-instinct"}),
        ("reasoning_budgets", {"questions": 3}),
    ],
)
def test_what_only_chooses_questions_or_states_the_cost_makes_no_other_experiment(
    task: str, shard: dict[str, object]
) -> None:
    def variant(arguments: dict[str, object], name: str = task, plan: object = ASKED) -> str:
        document = {"eval": {"task": name, "model": "m", "task_args": arguments}, "plan": plan}
        return variant_of(decode_header(json.dumps(document).encode()))

    assert variant(shard) == variant({})
    assert variant({"format": "letter"}) != variant({})
    # Somebody else's task of the same name may mean something else by it.
    theirs = {"plan": {"steps": [{"solver": "generate"}]}, "name": "theirs/" + task.rpartition("/")[2]}
    assert variant(shard, **theirs) != variant({}, **theirs)


def test_contexts_of_another_seed_are_further_contexts_of_one_design() -> None:
    def design(words: str, solver: str = "hotmess_inspect/ask_choice") -> str:
        return planned({"solver": solver, "params_passed": {"contexts": words}})

    first = design("2 contexts of 5 examples, ordered choices, seed 0")
    assert design("2 contexts of 5 examples, ordered choices, seed 13") == first
    assert design("2 contexts of 3 examples, ordered choices, seed 0") != first
    assert design("2 contexts of 5 examples, shuffled choices, seed 0") != first


@pytest.mark.parametrize(
    "fields",
    [
        {"model_args": {"seed": 3, "api_key": "sk-1234567890abcdef"}},
        {"task_args": {"seed": 3, "epochs": 5}},
        {"scorers": [{"name": "another", "options": {"strict": True}}, {"name": "judge", "options": {}}]},
        {"dataset": {"shuffled": True, "sample_ids": [1, 2]}},
        {"revision": {"commit": "abc"}, "packages": {"inspect_ai": "1"}, "tags": ["x"], "run_id": "r"},
        {"model_generate_config": {"max_retries": 3, "max_connections": 50, "timeout": 9}},
    ],
)
def test_what_only_repeats_does_not(fields: dict[str, object]) -> None:
    assert header(**fields) == header()


def planned(*steps: dict[str, object]) -> str:
    document = {"eval": {"task": "t", "model": "m"}, "plan": {"steps": list(steps)}}
    return variant_of(decode_header(json.dumps(document).encode()))


def test_the_steps_of_the_plan_and_what_is_passed_to_them_are_part_of_the_experiment() -> None:
    plain = planned({"solver": "generate", "params": {}, "params_passed": {}})
    prompted = [
        planned(
            {"solver": "system_message", "params": {"template": text}, "params_passed": {"template": text}},
            {"solver": "generate", "params": {}},
        )
        for text in ("Be brief.", "Be long.")
    ]
    assert len({plain, *prompted}) == 3
    # A default that a newer version writes and nobody passed, a function's place in memory, and a seed say nothing.
    for params, passed in (
        ({"cache": False}, {}),
        ({}, {"seed": 3}),
    ):
        assert planned({"solver": "generate", "params": params, "params_passed": passed}) == plain
    tools = [
        planned({"solver": "use_tools", "params": {"tools": [f"<function bash at 0x{n}f>"]}}) for n in (1, 2)
    ]
    assert tools[0] == tools[1]


def test_what_a_task_passes_on_to_its_solver_stands_once() -> None:
    step = {"solver": "ask", "params_passed": {"budget": 5, "style": "x"}}
    document = {"eval": {"task": "t", "model": "m", "task_args": {"budget": 5}}, "plan": {"steps": [step]}}
    assert json.loads(variant_of(decode_header(json.dumps(document).encode()))) == {
        "task.budget": 5,
        "plan": ["ask"],
        "plan.1.ask.style": "x",
    }


def test_a_sandbox_is_told_by_the_name_of_its_file_wherever_that_lies() -> None:
    here, there = ({"type": "docker", "config": f"/{place}/compose.yaml"} for place in ("a", "b"))
    assert header(sandbox=here) == header(sandbox=there) != header(sandbox="docker")


def test_secrets_never_stand_in_a_variant() -> None:
    key = "sk-abcdefghijklmnop1234"
    made = header(
        task_args={"api_key": "hunter2", "note": key, "max_tokens": 5},
        model_args={"token": "abc"},
        model_base_url="https://user:pass@host/v1?key=abc",
    )
    assert not [word for word in ("hunter2", key, "abc", "user:pass") if word in made.replace("hidden", "")]
    assert '"task.max_tokens": 5' in made


def asked(text: str, target: str, *choices: str) -> Asked:
    return asked_of(json.dumps(text).encode(), target, choices or None, b"e")


def run(path: str, **questions: Asked) -> Run:
    return Run(path, ("t", "m", "{}"), path, questions)


def test_another_input_or_target_under_one_id_is_not_pooled() -> None:
    changes, problems = settle(
        [run("a", q=asked("2+2?", "4")), run("b", q=asked("2+3?", "5")), run("c", q=asked("2+2?", "four"))]
    )
    assert set(changes) == {"b", "c"}
    assert changes["b"].edition == "b"
    assert "'2+3?' here and '2+2?' in a" in problems[0].message
    assert "answered by 'four' here and answered by '4' in a" in problems[1].message


def test_ids_of_messages_are_no_part_of_an_input() -> None:
    def messages(name: str) -> Asked:
        return asked_of(
            json.dumps([{"id": name, "role": "user", "content": "2+2?"}]).encode(), "4", None, b"e"
        )

    assert settle([run("a", q=messages("x")), run("b", q=messages("y"))]) == ({}, [])


def test_logs_of_two_formats_are_compared_in_targets_alone() -> None:
    other = asked_of(b'"a longer text"', "4", None, b"j")
    assert settle([run("a", q=asked("a longer...", "4")), run("b", q=other)]) == ({}, [])


@given(st.permutations(range(4)), st.permutations(range(4)), st.integers(0, 3), st.integers(0, 3))
def test_letters_follow_the_texts_of_shuffled_choices(
    first: list[int], second: list[int], right: int, given_: int
) -> None:
    """Whatever the orders, an answer means the same text before and after."""
    texts = ["red", "blue", "green", "black"]
    orders = [[texts[place] for place in order] for order in (first, second)]

    def letter(order: list[str], text: int) -> str:
        return "ABCD"[order.index(texts[text])]

    logs = [run(name, q=asked("?", letter(o, right), *o)) for name, o in zip("ab", orders, strict=True)]
    changes, _ = settle(logs)
    rows = {"kind": "answer", "status": "ok", "question": ["q"], "epoch": [1], "variant": "{}"}
    b = Outcomes.build(
        1, {**rows, "answer": [letter(orders[1], given_)], "target": [letter(orders[1], right)]}
    )
    if "b" in changes:
        b = apply_change(b, changes["b"])
    assert b.answer.values() == [letter(orders[0], given_)]
    assert b.target.values() == [letter(orders[0], right)]


def test_numbers_given_after_shuffling_are_matched_by_input() -> None:
    a = {"1": asked("one", "A"), "2": asked("two", "B"), "3": asked("three", "C")}
    b = {"1": a["3"], "2": a["1"], "3": a["2"]}
    changes, problems = settle([run("a", **a), run("b", **b)])
    assert changes["b"].ids == {"1": "3", "2": "1", "3": "2"}
    assert "matched by their inputs" in problems[0].message


@pytest.mark.shared
@pytest.mark.parametrize("name", ["scorer_args", "grader_model", "other_data", "shuffled_choices"])
def test_deterministic_runs_have_no_variance(shared_data: Path, name: str) -> None:
    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.results.analyze import Options, analyze

    results, _ = analyze(read_inputs([str(shared_data / "cases" / name)]).outcomes, Options(resamples=10))
    assert results
    for result in results:
        assert not result.decomposition.mean("variance")
