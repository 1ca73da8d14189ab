"""`hotmess compare` from files to text and JSON."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.words import p_word


def table(
    path: Path, model: str, seed: int, rate: float = 0.6, questions: int = 30, target: str = "A"
) -> Path:
    rng = np.random.default_rng(seed)
    lines = ["model,question_id,epoch,answer,target"]
    for q in range(questions):
        own = min(1.0, rate + 0.4 * (q % 2))
        lines += [
            f"{model},q{q},{e},{'A' if rng.random() < own else 'BCD'[e % 3]},{target}" for e in range(4)
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments: object) -> dict:
    result = CliRunner().invoke(main, ["compare", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_rows_of_a_pair(tmp_path: Path) -> None:
    a, b = table(tmp_path / "a.csv", "good", 1, 0.9), table(tmp_path / "b.csv", "bad", 2, 0.2)
    found = run(a, b)
    assert found["schema"] == 1 and found["groups"] == []
    rows = {row["quantity"]: row for row in found["comparisons"]}
    assert list(rows) == ["accuracy", "error", "bias_squared", "variance", "pass_hat_4", "incoherence"]
    assert {(row["a"], row["b"], row["loss"], row["questions"]) for row in rows.values()} == {
        ("good", "bad", "brier", 30)
    }
    error = rows["error"]
    assert error["difference"] == pytest.approx(error["a_value"] - error["b_value"])
    assert error["ci"][0] < error["difference"] < error["ci"][1] < 0 and error["p"] < 0.05
    # Analyze says the same of each run alone.
    for path, side in ((a, "a_value"), (b, "b_value")):
        alone = json.loads(CliRunner().invoke(main, ["analyze", str(path), "--json"]).stdout)["groups"][0]
        for quantity in ("accuracy", "error", "bias_squared", "variance", "incoherence"):
            assert rows[quantity][side] == pytest.approx(alone[quantity], abs=1e-12)
    (changed,) = found["changed"]
    gaps = [abs(q["a_error"] - q["b_error"]) for q in changed["questions"]]
    assert len(gaps) == 10 and gaps == sorted(gaps, reverse=True)
    assert any("accurac" in problem["message"] for problem in found["problems"])


def made(path: Path, model: str, seed: int, kind: str) -> Path:
    """Epochs of a run of a kind; some are lost, and other questions stand in each run."""
    rng = np.random.default_rng(seed)
    header = {
        "clusters": ",answer,target,cluster",
        "contexts": ",score,context",
        "lengths": ",score,length",
        "shares": ",score",
        "words": ",answer,target",
    }
    lines = [f"model,question_id,epoch{header.get(kind, ',answer,target')}"]
    for q in range(24 + seed):
        rate = rng.beta(1.5, 1)
        for e in range(4 + seed % 2 * 2):
            right = bool(rng.random() < rate)
            letter = f"{'A' if right else 'BCD'[rng.integers(3)]},A"
            values = {
                "clusters": f"{letter},c{q % 9}",
                "contexts": f"{right:d},shot{e // 2}",
                "lengths": f"{right:d},{rng.integers(5, 40)}",
                "shares": f"{rng.integers(0, 5) / 4}",
                "words": f"{'Paris' if right else ['Rome', 'Oslo', f'{model}ville'][rng.integers(3)]},Paris",
            }
            if rng.random() < 0.95:
                lines.append(f"{model},q{q},{e},{values.get(kind, letter)}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("kind", ["letters", "kl", "clusters", "contexts", "lengths", "shares", "words"])
def test_the_other_order_mirrors_every_interval_and_keeps_every_p(tmp_path: Path, kind: str) -> None:
    runs = [made(tmp_path / f"{name}.csv", name, seed, kind) for seed, name in enumerate(("x", "y", "z"))]
    options = ["--loss", "kl"] if kind == "kl" else []
    for count in (2, 3):
        one, other = (run(*paths, *options) for paths in (runs[:count], runs[:count][::-1]))
        forth = {(row["a"], row["b"], row["quantity"]): row for row in one["comparisons"]}
        back = {(row["b"], row["a"], row["quantity"]): row for row in other["comparisons"]}
        assert forth.keys() == back.keys() and len(forth) >= 5 * (1 if count == 2 else 3)
        for key, row in forth.items():
            mirror = back[key]
            for name in ("difference", "ci"):
                assert (row[name] is None) == (mirror[name] is None)
            if row["difference"] is not None:
                assert row["difference"] == pytest.approx(-mirror["difference"], abs=1e-12)
            if row["ci"]:
                assert row["ci"] == pytest.approx([-end for end in mirror["ci"][::-1]], abs=1e-12)
            values = [mirror[name] for name in ("p", "p_holm", "b_value", "a_value", "questions")]
            own = [row[name] for name in ("p", "p_holm", "a_value", "b_value", "questions")]
            assert own == pytest.approx(values, abs=1e-12)
        assert [g["members"] for g in one["groups"]] == [g["members"] for g in other["groups"]]
        said, again = (
            {frozenset((f["a"], f["b"])): (f["measured"], f["finding"]) for f in whole["findings"]}
            for whole in (one, other)
        )
        assert said == again
        assert any(row["ci"] for row in forth.values())
    if kind == "lengths":
        assert any(quantity == "overthinking" for _, _, quantity in forth)


def test_three_runs_are_ranked_and_corrected(tmp_path: Path) -> None:
    paths = [
        table(tmp_path / f"{m}.csv", m, s, r) for m, s, r in (("x", 1, 0.9), ("y", 2, 0.9), ("z", 3, 0.1))
    ]
    found = run(*paths, "--loss", "brier")
    assert len(found["comparisons"]) == 3 * 6
    assert all(row["p_holm"] >= row["p"] for row in found["comparisons"])
    ranking = next(group for group in found["groups"] if group["quantity"] == "error")
    letters = {member["name"]: member["letters"] for member in ranking["members"]}
    assert ranking["members"][0]["name"] == "z"
    assert letters["x"] == letters["y"] != letters["z"]
    values = [member["value"] for member in ranking["members"]]
    assert values == sorted(values, reverse=True)


def test_one_name_in_two_files_is_two_runs(tmp_path: Path) -> None:
    found = run(table(tmp_path / "old.csv", "m", 1), table(tmp_path / "new.csv", "m", 2))
    assert {(row["a"], row["b"]) for row in found["comparisons"]} == {("old: m", "new: m")}


def test_the_text(tmp_path: Path) -> None:
    paths = [str(table(tmp_path / f"{m}.csv", m, s)) for m, s in (("x", 1), ("y", 2))]
    result = CliRunner().invoke(main, ["compare", *paths])
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    for phrase in ("30 questions in common", "pass^4", "from y to x: bias²", "error changed most on:"):
        assert phrase in text


def test_nothing_in_common_is_an_error_and_one_run_twice_is_said(tmp_path: Path) -> None:
    first, again = table(tmp_path / "x.csv", "x", 1), table(tmp_path / "y.csv", "y", 1)
    result = CliRunner(env={"COLUMNS": "300"}).invoke(main, ["compare", str(first), str(again)])
    assert result.exit_code == 0 and "Both answered alike in every epoch" in result.output
    assert "-0.0000" not in result.output and "bias²: no interval" in result.output
    lines = again.read_text().splitlines()
    names = [f"other-{line.split(',')[1]}" for line in lines[1:]]
    apart = [
        ",".join([line.split(",")[0], name, *line.split(",")[2:]])
        for line, name in zip(lines[1:], names, strict=True)
    ]
    again.write_text("\n".join([lines[0], *apart]) + "\n")
    result = CliRunner(env={"COLUMNS": "300"}).invoke(main, ["compare", str(first), str(again)])
    assert result.exit_code == 1 and "they share no question" in result.output
    assert "Accuracies" not in result.output and "Nothing to compare" in result.output


def test_other_wrong_letters_are_no_one_run(tmp_path: Path) -> None:
    """Each run knows two letters only, so that the wrong one is the second of both."""
    paths = []
    for name, wrong in (("x", "B"), ("y", "C"), ("z", "B")):
        rows = [f"q{q},{e},{'A' if q * e % 3 else wrong},A" for q in range(30) for e in range(1, 5)]
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text("\n".join(["question_id,epoch,answer,target", *rows]) + "\n")
    for other, alike in ((paths[1], False), (paths[2], True)):
        result = CliRunner(env={"COLUMNS": "300"}).invoke(main, ["compare", str(paths[0]), str(other)])
        assert ("answered alike in every epoch" in result.output) == alike


def test_clusters_are_used(tmp_path: Path) -> None:
    plain, other = (table(tmp_path / f"{m}.csv", m, s) for m, s in (("x", 1), ("y", 2)))
    for path in (plain, other):
        lines = path.read_text().splitlines()
        marked = [
            lines[0] + ",cluster",
            *(f"{line},c{int(line.split(',')[1][1:]) % 5}" for line in lines[1:]),
        ]
        (tmp_path / f"c-{path.name}").write_text("\n".join(marked) + "\n")
    clustered = run(tmp_path / "c-x.csv", tmp_path / "c-y.csv")["comparisons"]
    none = run(tmp_path / "c-x.csv", tmp_path / "c-y.csv", "--cluster", "none")["comparisons"]
    assert none == run(plain, other)["comparisons"]
    assert [row["difference"] for row in clustered] == pytest.approx([row["difference"] for row in none])
    assert [row["ci"] for row in clustered] != [row["ci"] for row in none]


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    a = table(tmp_path / "a.csv", "x", 1)
    alone = CliRunner().invoke(main, ["compare", str(a)])
    assert alone.exit_code == 2 and "a.csv holds one run, x: name another input" in alone.output
    losses = CliRunner().invoke(main, ["compare", str(a), "--loss", "brier", "--loss", "kl", "--json"])
    assert losses.exit_code == 2 and "holds one run, x:" in losses.output
    gone = CliRunner().invoke(main, ["compare", str(tmp_path / "gone.csv")])
    assert gone.exit_code == 1 and "gone.csv" in gone.output
    other = table(tmp_path / "b.csv", "y", 2, target="B")
    result = CliRunner().invoke(main, ["compare", str(a), str(other), "--json"])
    assert result.exit_code == 1
    (problem,) = [p for p in json.loads(result.stdout)["problems"] if p["level"] == "error"]
    assert "two values of target" in problem["message"] and "x and y" in problem["input"]
    elsewhere = tmp_path / "scores.csv"
    elsewhere.write_text("question_id,epoch,score\nq0,1,1\nq0,2,0\n")
    result = CliRunner().invoke(main, ["compare", str(a), str(elsewhere)])
    assert result.exit_code == 1 and "Nothing to compare" in result.output


def test_questions_in_one_run_only_are_counted(tmp_path: Path) -> None:
    found = run(
        table(tmp_path / "a.csv", "x", 1, questions=30), table(tmp_path / "b.csv", "y", 2, questions=25)
    )
    assert {row["questions"] for row in found["comparisons"]} == {25}
    assert any("5 questions are in one of them only" in p["message"] for p in found["problems"])


@pytest.mark.parametrize("scored", [True, False])
def test_runs_in_shared_contexts_have_the_values_of_analyze(tmp_path: Path, scored: bool) -> None:
    paths = []
    for model, size in (("steady", 0.1), ("moved", 1.5)):
        rng, lines = np.random.default_rng(5), ["model,question_id,epoch,context,answer,target"]
        lines = ["model,question_id,epoch,context,score"] if scored else lines
        effect = rng.normal(size=4)
        for q in range(30):
            z = rng.normal()
            for epoch in range(8):
                right = rng.random() < 1 / (1 + np.exp(-z - size * effect[epoch // 2]))
                verdict = str(int(right)) if scored else f"{'A' if right else 'B'},A"
                lines.append(f"{model},q{q},{epoch},shot{epoch // 2},{verdict}")
        paths.append(tmp_path / f"{model}.csv")
        paths[-1].write_text("\n".join(lines) + "\n")
    rows = {row["quantity"]: row for row in run(*paths)["comparisons"]}
    for path, side in zip(paths, ("a_value", "b_value"), strict=True):
        alone = json.loads(CliRunner().invoke(main, ["analyze", str(path), "--json"]).stdout)["groups"][0]
        assert alone["contexts"]
        for quantity in ("accuracy", "error", "bias_squared", "variance", "incoherence"):
            assert rows[quantity][side] == pytest.approx(alone[quantity], abs=1e-12)


def test_runs_with_lengths_are_compared_in_their_overthinking(tmp_path: Path) -> None:
    paths = []
    for model, coupled in (("worrier", True), ("steady", False)):
        rng, lines = np.random.default_rng(1), ["model,question_id,epoch,score,length"]
        for q in range(40):
            p = 0.95 if q % 2 else 0.05
            for epoch in range(6):
                length = int(rng.integers(10, 100))
                right = rng.random() < (0.5 if coupled and length > 55 else p)
                lines.append(f"{model},q{q},{epoch},{int(right)},{length}")
        paths.append(tmp_path / f"{model}.csv")
        paths[-1].write_text("\n".join(lines) + "\n")
    row = {row["quantity"]: row for row in run(*paths)["comparisons"]}["overthinking"]
    assert row["ci"][0] > 0 and row["p"] < 0.05 and row["questions"] == 40
    for path, side in zip(paths, ("a_value", "b_value"), strict=True):
        alone = json.loads(CliRunner().invoke(main, ["analyze", str(path), "--json"]).stdout)["groups"][0]
        # Ties are averaged over draws there, and broken by one here.
        assert row[side] == pytest.approx(alone["overthinking"]["difference"], abs=0.02)


def test_a_p_value_that_hangs_on_the_seed_is_said(tmp_path: Path) -> None:
    """Of many pairs of tables some have a p near 0.05: those whose p and others' seeds disagree are all warned of."""
    said = 0
    for number in range(12):
        paths = [
            table(tmp_path / f"{n}.csv", n, 40 * number + s, r) for n, s, r in (("x", 1, 0.3), ("y", 2, 0.42))
        ]
        found = [run(*paths, "--seed", seed) for seed in (0, 1)]
        rows = [{row["quantity"]: row for row in one["comparisons"]} for one in found]
        texts = [" ".join(p["message"] for p in one["problems"] if "--seed" in p["message"]) for one in found]
        for quantity, row in rows[0].items():
            name = quantity.replace("bias_squared", "bias²").replace("pass_hat_", "pass^")
            for own, text in zip((row, rows[1][quantity]), texts, strict=True):
                near = abs(own["p"] - 0.05) <= 2 * own["p_error"]
                assert near == (f" {name} 0.0" in text)
                said += near
            if (row["p"] < 0.05) != (rows[1][quantity]["p"] < 0.05):
                assert "--seed" in texts[0] + texts[1]
    assert said


def test_the_finding_says_who_errs_less_whoever_comes_first(tmp_path: Path) -> None:
    good, bad = table(tmp_path / "a.csv", "good", 1, 0.9), table(tmp_path / "b.csv", "bad", 2, 0.2)
    for pair, sign in (((good, bad), -1), ((bad, good), 1)):
        found = run(*pair)
        (said,) = found["findings"]
        rows = {row["quantity"]: row for row in found["comparisons"]}
        error, variance = rows["error"], rows["variance"]
        ends = sorted(abs(end) for end in error["ci"])
        values = sorted((error["a_value"], error["b_value"]))
        assert said["finding"].startswith(
            f"good errs less than bad: {values[0]:.3f} against {values[1]:.3f}, {abs(error['difference']):.3f} less "
            f"(95 % interval {ends[0]:.3f} to {ends[1]:.3f}, p <0.001). Its accuracy is higher by "
        )
        assert variance["p"] < 0.05 and sign * variance["difference"] > 0
        assert f"variance is lower by {abs(variance['difference']):.3f} (" in said["finding"]
        assert said["measured"].startswith("good and bad with 4 epochs each, paired on 30 questions")
        most = found["changed"][0]["questions"][0]["question"]
        assert said["next_steps"][0].startswith(f"Read question {most} first")
        assert not any("hotmess compare" in text for text in said["cautions"])
        text = CliRunner(env={"COLUMNS": "800"}).invoke(main, ["compare", *map(str, pair)]).output
        lines = text.splitlines()
        assert lines[:2] == [said["measured"], said["finding"]]
        # What may mislead is said once, and the command does not advise itself.
        assert text.count("Accuracies reach from") == 1 and "`hotmess compare`" not in text


def test_what_cannot_be_told_apart_says_what_would_do(tmp_path: Path) -> None:
    paths = [table(tmp_path / f"{m}.csv", m, s, 0.5, questions=80) for m, s in (("x", 1), ("y", 2))]
    found = run(*paths)
    row = next(row for row in found["comparisons"] if row["quantity"] == "error")
    (said,) = found["findings"]
    less = "x" if row["difference"] < 0 else "y"
    assert said["finding"].startswith(
        f"x and y cannot be told apart in error ({less} errs {abs(row['difference']):.3f} less, 95 % interval "
        if less == "x"
        else f"y and x cannot be told apart in error ({less} errs {abs(row['difference']):.3f} less, 95 % interval "
    )
    assert "Not told apart: accuracy" in said["finding"]
    text = said["next_steps"][0]
    seen, width = (float(part) for part in re.findall(r"(?:error of|--width) ([0-9.]+)", text))
    # The interval's reach towards 0 and 0.846 standard errors (Student, 79) are found with probability 80 %.
    towards = abs(row["difference"] - row["ci"][row["difference"] < 0])
    assert width == pytest.approx(towards, rel=0.05)
    assert seen / width == pytest.approx((1.9905 + 0.8461) / 1.9905, rel=0.06)
    assert f"`hotmess plan {paths[0]} {paths[1]} --difference" in text
    assert "about 320 questions" in text
    words = ["plan", *map(str, paths), "--difference", "--quantity", "error", "--width", str(width), "--json"]
    (plan,) = json.loads(CliRunner().invoke(main, words).stdout)["plans"]
    needed = {design["epochs"]: design["questions"] for design in plan["designs"]}
    assert needed[4] == pytest.approx(320, rel=0.15)


def clustered(path: Path, model: str, seed: int) -> Path:
    """Nine subjects of very unequal sizes, each with a pass rate of its own for each model."""
    rng = np.random.default_rng(seed)
    lines = ["model,case,epoch,answer,target,subject"]
    for s, size in enumerate([20, 18, 15, 10, 8, 8, 6, 5, 4]):
        rate = rng.uniform(0.3, 0.9)
        lines += [
            f"{model},s{s}q{q},{e},{'A' if rng.random() < rate else 'B'},A,s{s}"
            for q in range(size)
            for e in range(4)
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_what_clusters_could_show_is_said_by_their_own_interval(tmp_path: Path) -> None:
    """What would be found lies beyond the interval's half width, and more questions of the same clusters are no remedy."""
    paths = [clustered(tmp_path / f"{m}.csv", m, s) for m, s in (("x", 1), ("y", 2))]
    options = ["--cluster", "subject", "--columns", "question_id=case"]
    found = run(*paths, *options)
    row = next(row for row in found["comparisons"] if row["quantity"] == "error")
    towards = abs(row["difference"] - row["ci"][row["difference"] < 0])
    assert row["p"] > 0.05
    text = found["findings"][0]["next_steps"][0]
    seen = float(re.findall(r"difference in error of ([0-9.]+)", text)[0])
    # A difference of the interval's own reach is found in half of all cases.
    assert seen > 1.15 * towards
    assert "more clusters of questions" in text and " questions in four" not in text
    command = re.findall(r"`hotmess (plan [^`]+)`", text)[0].split()
    assert command[3:7] == options
    done = CliRunner().invoke(main, [*command, "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["plans"][0]["quantity"] == "difference of error"
    assert "9 clusters" in json.loads(done.stdout)["plans"][0]["advice"]


def test_every_pair_of_two_tasks_is_said_with_its_task_error_and_what_to_do(tmp_path: Path) -> None:
    paths = []
    for seed, (model, rates) in enumerate({"x": (0.9, 0.3), "y": (0.2, 0.9), "z": (0.5, 0.5)}.items()):
        rows = [
            line.replace("\n", f",{task}\n").replace("target,", "target,task,") if not n else f"{line},{task}"
            for task, rate in zip(("one", "two"), rates, strict=True)
            for n, line in enumerate(table(tmp_path / "part.csv", model, seed, rate).read_text().splitlines())
            if n
        ]
        paths.append(tmp_path / f"{model}.csv")
        paths[-1].write_text("\n".join(["model,question_id,epoch,answer,target,task", *rows]) + "\n")
    found = run(*paths)
    text = CliRunner(env={"COLUMNS": "900"}).invoke(main, ["compare", *map(str, paths)]).output
    lines = text.splitlines()
    assert len(found["findings"]) == 6
    for said in found["findings"]:
        before = lines[lines.index(said["finding"]) - 1]
        assert before.startswith(f"{said['task']}: ") and said["a"] in before and said["b"] in before
        for step in said["next_steps"]:
            assert f"Next: {step}" in lines
    assert text.count("Error: Brier error of the answer") == 1
    # An input is named by both runs and the task, never by one of the models again.
    accuracies = [p["input"] for p in found["problems"] if p["message"].startswith("Accuracies")]
    assert accuracies and all(re.fullmatch(r"[xyz] and [xyz], (one|two)", name) for name in accuracies)


def test_a_correction_is_named_only_where_it_decides(tmp_path: Path) -> None:
    seen = set()
    for start in range(6):
        paths = [table(tmp_path / f"{m}.csv", m, 7 * start + s, 0.3 + s / 12) for s, m in enumerate("xyz")]
        found = run(*paths)
        rows = {(row["a"], row["b"], row["quantity"]): row for row in found["comparisons"]}
        for said in found["findings"]:
            for quantity, words in (
                ("error", "in error"),
                ("variance", "variance"),
                ("incoherence", "incoherence"),
            ):
                row = rows[said["a"], said["b"], quantity]
                if row["p"] is None or row["p_holm"] < 0.05:
                    continue
                start_of = (
                    said["finding"].split(". ") if quantity != "error" else [said["finding"].split(" (")[0]]
                )
                (sentence,) = [
                    s for s in start_of if words in s and ("Not told" in s or "cannot be told" in s)
                ]
                assert ("Holm" in sentence) == (row["p"] < 0.05)
                seen.add("Holm" in sentence)
    assert seen == {True, False}


def test_runs_that_err_alike_and_incoherence_beside_accuracy(tmp_path: Path) -> None:
    good, bad = table(tmp_path / "a.csv", "good", 1, 0.9), table(tmp_path / "b.csv", "bad", 2, 0.2)
    found = run(good, bad)
    rows = {row["quantity"]: row for row in found["comparisons"]}
    finding = found["findings"][0]["finding"]
    assert (rows["incoherence"]["p"] < 0.05) == ("it does not rank these two" in finding)
    mirrored = tmp_path / "c.csv"
    lines = bad.read_text().splitlines()
    # The same answers, each given to the question's neighbour: errors on average are equal, not one by one.
    turned = [
        re.sub(r"q(\d+),", lambda m: f"q{(int(m[1]) + 1) % 30},", x).replace("bad", "other")
        for x in lines[1:]
    ]
    mirrored.write_text("\n".join([lines[0], *turned]) + "\n")
    finding = run(bad, mirrored)["findings"][0]["finding"]
    assert "they err alike on average, 95 % interval of bad 0." in finding


def test_one_table_of_several_models_is_compared_by_itself(tmp_path: Path) -> None:
    paths = [table(tmp_path / f"{m}.csv", m, s, 0.4 + s / 9) for m, s in (("x", 1), ("y", 2), ("z", 3))]
    rows = [path.read_text().splitlines() for path in paths]
    whole = tmp_path / "all.csv"
    whole.write_text("\n".join([rows[0][0], *(line for part in rows for line in part[1:])]) + "\n")
    one, several = run(whole), run(*paths)
    for said in one["findings"]:
        # One input is named in the command that plans more, of three none.
        said["next_steps"] = [text.replace(f"plan {whole} ", "plan A B ") for text in said["next_steps"]]
    for key in ("findings", "comparisons", "groups", "changed", "problems"):
        assert one[key] == several[key]
    folder = tmp_path / "logs"
    folder.mkdir()
    for path in paths:
        path.rename(folder / path.name)
    assert run(folder)["comparisons"] == several["comparisons"]


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_cut_in_a_narrow_window(tmp_path: Path, width: int) -> None:
    names = ("openrouter/anthropic/claude-sonnet-4", "m", "mock")
    paths = [table(tmp_path / f"{s}.csv", m, s, 0.4 + s / 9) for s, m in enumerate(names)]
    found = run(*paths)
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(main, ["compare", *map(str, paths)])
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= width
    gap = "…" if width < 100 else " … "
    for row in found["comparisons"]:
        if row["ci"] is None:
            continue
        shown = f"{row['ci'][0]:+z.4f}{gap}{row['ci'][1]:+z.4f}"
        assert any(
            shown in line and f"{row['difference']:+z.4f}" in line and p_word(row["p_holm"]) in line
            for line in lines
        )


def test_every_key_of_the_json_is_documented(tmp_path: Path) -> None:
    paths = [table(tmp_path / f"{m}.csv", m, s) for m, s in (("x", 1), ("y", 2), ("z", 3))]
    page = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text()
    section = page.split("## `hotmess compare --json`")[1].split("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return {*value, *(key for part in value.values() for key in keys(part))}
        return {key for part in value for key in keys(part)} if isinstance(value, list) else set()

    found = run(*paths)
    found.pop("account")
    assert keys(found) - {"schema", "problems", "level", "input", "message"} <= documented
