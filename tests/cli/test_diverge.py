"""`hotmess diverge` as a user calls it."""

import json
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, ["diverge", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout


def tau(path: Path, runs: list[tuple[int, int, float, list[str]]]) -> Path:
    """A result file of τ-bench: task, trial, reward, names of tools."""
    written = []
    for task, trial, reward, names in runs:
        calls = [
            {"id": str(n), "function": {"name": name, "arguments": "{}"}} for n, name in enumerate(names)
        ]
        traj: list[dict[str, Any]] = [
            {"role": "assistant", "content": None, "tool_calls": [c]} for c in calls
        ]
        written.append({"task_id": task, "trial": trial, "reward": reward, "info": {}, "traj": traj})
    path.write_text(json.dumps(written))
    return path


def test_shares_of_a_small_file(tmp_path: Path) -> None:
    # Question 0: pairs (0,1), (0,2), (1,2) part at 1, 0, 0; outcomes 1, 0, 0: V = (.5 + .5 + 0)/3 = 1/3, of
    # which half at step 1. Question 1: two equal paths, outcomes 1 and 0: V = .5, all of it never parted.
    path = tau(
        tmp_path / "small.json",
        [
            (0, 0, 1.0, ["look", "book"]), (0, 1, 0.0, ["look", "cancel"]), (0, 2, 0.0, ["think"]),
            (1, 0, 1.0, ["look"]), (1, 1, 0.0, ["look"]),
        ],
    )  # fmt: skip
    (group,) = json.loads(run(str(path), "--grain", "exact", "--permutations", "200", "--json"))["groups"]
    total = 1 / 3 + 1 / 2
    assert group["variance"] == pytest.approx(total / 2)
    assert {step["step"]: step["share"] for step in group["steps"]} == pytest.approx(
        {0: 1 / 6 / total, 1: 1 / 6 / total}
    )
    assert group["never"]["share"] == pytest.approx(0.5 / total)
    assert group["never"]["pairs"] == pytest.approx(0.5)
    assert group["kinds"]["other_tool"] == pytest.approx(1 / 3 / total)
    assert [row["share"] for row in group["undecided"]] == pytest.approx([1.0, 1 - 1 / 6 / total])
    node = next(n for q in group["questions"] if q["question"] == "0" for n in q["nodes"] if n["step"] == 1)
    assert sorted((b["tool"], b["correct"]) for b in node["branches"]) == [("book", 1.0), ("cancel", 0.0)]
    assert {epoch["epoch"] for epoch in node["read_first"]} == {0, 1}


def test_text_shows_the_tree(tmp_path: Path) -> None:
    runs = [
        (q, t, float(t < 3), ["look", "open spans" if t < 3 else "open interval"])
        for q in range(8)
        for t in range(5)
    ]
    text = " ".join(run(str(tau(tmp_path / "r.json", runs)), "--permutations", "2000").split())
    assert "Step 1 decides" in text
    # Eight questions of five epochs: each alone is one of ten ways, and the smallest of eight p-values decides nothing.
    assert "No question of its own shows a step that decides. The clearest is 0 at step 1" in text
    assert "3 epochs, 3 right: open spans" in text
    assert "2 epochs, 0 right: open interval" in text


def test_a_question_of_many_epochs_shows_its_step_by_itself(tmp_path: Path) -> None:
    """Ten of twenty epochs take the way that all right ones took: one of 184,756 ways of dealing them out."""
    runs = [
        (q, t, float(t < 10 if q == 3 else t % 2), ["look", "open spans" if t < 10 else "open interval"])
        for q in range(4)
        for t in range(20)
    ]
    text = " ".join(run(str(tau(tmp_path / "r.json", runs)), "--permutations", "2000").split())
    assert "In 3 step 1 decides (100.0 % of its variance): 10 epochs, 10 right, took “open spans”" in text
    assert "the smallest of 4 questions" in text
    path = str(tmp_path / "r.json")
    (group,) = json.loads(run(path, "--permutations", "2000", "--json"))["groups"]
    p = {q["question"]: q["p"] for q in group["questions"]}
    assert p["3"] < 0.01
    # Elsewhere both ways end alike, which chance makes no likelier.
    assert all(p[q] > 0.5 for q in "012")


@pytest.mark.shared
def test_tau_bench_airline(shared_data: Path) -> None:
    """The published runs: V = .1467, and no single step beats the null; see also a plain loop over pairs."""
    import gzip

    path = shared_data / "tau" / "gpt-4o-airline.json.gz"
    (group,) = json.loads(run(str(path), "--grain", "exact", "--json"))["groups"]
    runs: dict[int, dict[int, tuple[float, list[tuple[str, str]]]]] = defaultdict(dict)
    for item in json.load(gzip.open(path)):
        calls = [call["function"] for m in item["traj"] for call in m.get("tool_calls") or []]
        steps = [(c["name"], json.dumps(json.loads(c["arguments"]), sort_keys=True)) for c in calls]
        runs[item["task_id"]][item["trial"]] = (item["reward"], steps)
    expected: Counter = Counter()
    for question in runs.values():
        for (_, (r, a)), (_, (s, b)) in combinations(sorted(question.items()), 2):
            first = next(
                (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
            )
            expected["never" if a == b else first] += 0.5 * (r - s) ** 2
    total = sum(expected.values())
    for step in group["steps"]:
        assert step["share"] == pytest.approx(expected[step["step"]] / total, abs=1e-12)
        assert step["p"] > 0.2
    assert group["variance"] == pytest.approx(0.1467, abs=5e-5)
    assert group["never"]["share"] == expected["never"] == 0
    assert group["never"]["null"] == pytest.approx(0.061, abs=5e-4)
    assert group["never"]["p"] == pytest.approx(0.0015, abs=0.001)
    assert group["never"]["pairs"] == pytest.approx(0.073, abs=5e-4)
    assert [round(group["kinds"][k], 2) for k in ("other_tool", "stopped_earlier", "other_arguments")] == [
        0.49, 0.27, 0.24,
    ]  # fmt: skip
    shares = {step["step"]: step["share"] for step in group["steps"]}
    assert [round(shares[0], 2), round(shares[1], 2), round(shares[2] + shares[3], 2)] == [0.27, 0.25, 0.3]


def test_wrong_calls(tmp_path: Path) -> None:
    path = tau(tmp_path / "r.json", [(0, 0, 1.0, []), (0, 1, 1.0, [])])
    run(str(path), "--grain", "words", status=2)
    run(str(path), "--grain", "os:nothing", status=2)
    run(str(tmp_path / "missing.json"), status=1)
    text = run(str(path), "--json")
    (group,) = json.loads(text)["groups"]
    # Without variance every share is undefined, and said to be.
    assert group["variance"] == 0
    assert group["never"]["share"] is None
    assert any("no variance" in p["message"] for p in json.loads(text)["problems"])
    run(str(path), "--measure", "f2p", status=1)


def test_a_model_is_asked_about_both_sides_of_the_deciding_step(tmp_path: Path, monkeypatch: Any) -> None:
    import inspect_ai.model
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    asked: list[str] = []

    def answer(messages: Any, *rest: Any) -> ModelOutput:
        asked.append(messages[-1].text)
        output = ModelOutput.from_content("mockllm/model", "One opens spans, the other does not.")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    model = get_model("mockllm/model", custom_outputs=answer)
    monkeypatch.setattr(inspect_ai.model, "get_model", lambda name: model)
    runs = [(0, t, float(t < 3), ["look", "open spans" if t < 3 else "open interval"]) for t in range(5)]
    path = tau(tmp_path / "r.json", runs)
    done = CliRunner().invoke(
        main, ["diverge", str(path), "--json", "--permutations", "9", "--explain", "mockllm/model"]
    )
    assert done.exit_code == 0, done.output
    assert "1 call of mockllm/model" in done.stderr
    (line,) = json.loads(done.stdout)["explanations"]
    assert line == {"question": "0", "step": 1, "explanation": "One opens spans, the other does not."}
    (prompt,) = asked
    assert "- look" in prompt and "open spans" in prompt and "open interval" in prompt
    assert prompt.count("outcome 1") == prompt.count("outcome 0") == 1


@pytest.mark.parametrize("seed", range(6))
def test_shares_of_ragged_files_are_those_of_a_loop_over_pairs(seed: int, tmp_path: Path) -> None:
    """Missing trials, runs of unequal length and without any call, rewards between 0 and 1."""
    rng = np.random.default_rng(seed)
    runs = [
        (
            task,
            trial,
            float(rng.choice([0, 0.5, 1])),
            list(rng.choice(list("abc"), rng.choice([0, 1, 2, 3, 5]))),
        )
        for task in range(5)
        for trial in range(int(rng.integers(1, 7)))
        if rng.random() > 0.15
    ]
    path = tau(tmp_path / "ragged.json", [(t, n, y, [str(c) for c in own]) for t, n, y, own in runs])
    options = ["--grain", "exact", "--permutations", "9", "--resamples", "9", "--json"]
    (group,) = json.loads(run(str(path), *options))["groups"]
    parts: dict[int | None, float] = defaultdict(float)
    for task in range(5):
        pairs = list(combinations([one for one in runs if one[0] == task], 2))
        for (_, _, y, own), (_, _, z, other) in pairs:
            step = next((n for n, (a, b) in enumerate(zip(own, other)) if a != b), min(len(own), len(other)))  # noqa: B905
            parts[None if own == other else step] += (y - z) ** 2 / 2 / len(pairs)
    total = sum(parts.values())
    for step in group["steps"]:
        assert step["share"] == pytest.approx(parts[step["step"]] / total, abs=1e-12)
    assert group["never"]["share"] == pytest.approx(parts[None] / total, abs=1e-12)
    assert sum(s["share"] for s in group["steps"]) + group["never"]["share"] == pytest.approx(1, abs=1e-12)


def test_a_share_says_what_it_is_of(tmp_path: Path) -> None:
    """Question 0 has 1/3 of 1/3 + 1/2, which is 40 % of the group's; half of its own is at each of two steps."""
    path = tau(
        tmp_path / "small.json",
        [
            (0, 0, 1.0, ["look", "book"]), (0, 1, 0.0, ["look", "cancel"]), (0, 2, 0.0, ["think"]),
            (1, 0, 1.0, ["look"]), (1, 1, 0.0, ["look"]),
        ],
    )  # fmt: skip
    page = tmp_path / "page.html"
    options = ("--grain", "exact", "--permutations", "50", "-o", str(page))
    text = " ".join(run(str(path), *options).split())
    shown = page.read_text()
    for said in (text, shown):
        assert "0: 3 epochs" in said and "40.0 % of the group's variance" in said
    assert text.count("50.0 % of its variance") >= 2
    assert shown.count("(50.0 % of its variance, ") >= 2
    assert "share of the group&#x27;s variance" in shown or "share of the group's variance" in shown


def test_how_difficulties_are_read_matters_to_lengths_in_peoples_time_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from hotmess_inspect.io.human_time import BINNED
    from hotmess_inspect.render.comparison import print_comparison
    from hotmess_inspect.render.divergence import print_divergence
    from hotmess_inspect.schema import Problem

    problems = [Problem("note", "log", f"{BINNED}: x"), Problem("note", "log", "something else")]
    print_divergence([], problems, questions=3)
    print_comparison([], [], problems)
    said = capsys.readouterr().out
    assert said.count("something else") == 2 and BINNED not in said


def test_a_table_without_transcripts_is_refused_by_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = [f"{model},q{q},{e},{(q + e) % 2}" for model in "ab" for q in range(3) for e in range(2)]
    path.write_text("\n".join(["model,question_id,epoch,score", *rows]) + "\n")
    done = CliRunner().invoke(main, ["diverge", str(path)])
    assert done.exit_code == 1 and "nan" not in done.output and "parts at step" not in done.output
    said = done.output.splitlines()
    assert [line.split(": ")[1] for line in said] == ["a, b"]  # what is said of both is said once
    assert all("none of its 6 scored epochs has a transcript" in line for line in said)
