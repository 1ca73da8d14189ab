"""The page of results says what its JSON says, and the JSON what the public files give."""

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "results"


def script(name: str) -> Any:
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "results.json").read_text("utf-8"))
    return loaded


def same(one: Any, other: Any, place: str = "") -> None:
    """Equal but for the last digits of floating-point sums, which libraries order differently."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            same(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{place}/{number}")
    elif isinstance(one, float):
        assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12), f"{place}: {one} and {other}"
    else:
        assert one == other, place


def test_the_page_is_the_one_that_the_numbers_make(found: dict[str, Any]) -> None:
    assert script("results_page").page(found) == (FOLDER / "index.md").read_text("utf-8")


def test_the_numbers_are_those_that_were_worked_out_elsewhere(found: dict[str, Any]) -> None:
    groups = {(group["task"], group["model"]): group for group in found["answers"]}
    for task, kl, brier in (("gpqa", 0.6150, 0.4804), ("mmlu", 0.3536, 0.2915)):
        group = groups[task, "deepseek-v3"]
        assert group["kl"]["value"] == pytest.approx(kl, abs=5e-5)
        assert group["incoherence"]["value"] == pytest.approx(brier, abs=5e-5)
    tau = found["tau"]
    assert tau["accuracy"]["value"] == pytest.approx(0.42)
    assert tau["pass_hat_k"][0]["value"] == pytest.approx(0.20)
    # For verdicts incoherence = (pass^1 - pass^2) / (1 - pass^1), with pass^2 = 0.27333.
    assert tau["incoherence"]["value"] == pytest.approx((0.42 - 0.82 / 3) / 0.58)
    assert found["diverge"]["variance"] == pytest.approx(0.1467, abs=5e-5)
    # The study says: 18 of 100 tasks unstable, one of them only because a missing verdict counts as a failure there.
    assert found["swebench_questions"]["flip_rate"]["value"] == pytest.approx(0.17)


def test_every_number_has_an_interval(found: dict[str, Any]) -> None:
    page = (FOLDER / "index.md").read_text("utf-8")
    assert "no interval" not in page and "nan" not in page.lower()
    hints = [change for row in found["hints"] for change in row["change"]]
    assert len(hints) == 36 * 4
    for change in hints:
        low, high = change["ci"]
        assert low <= change["value"] <= high


@pytest.mark.shared
@pytest.mark.slow
def test_the_public_files_give_the_numbers(found: dict[str, Any], shared_data: Path) -> None:
    again = script("public_results").public(shared_data, hints=False)
    digests = again.pop("inputs")
    assert digests.items() <= found["inputs"].items() and len(digests) == 5
    same(again, {name: found[name] for name in again})


def letters(folder: Path, exponent: float) -> list[dict[str, Any]]:
    """A dial at temperature 1 whose letters are drawn from the stated probabilities raised to an exponent."""
    import numpy as np

    from hotmess_inspect import read
    from hotmess_inspect.io.arrow_tables import write_parquet

    rng = np.random.default_rng(5)
    stated, drawn = ["question_id,epoch,target,token,logprob"], ["question_id,epoch,answer,target"]
    for question in range(12):
        p = rng.dirichlet([1.0] * 4)
        # Half of A's mass is spelt with a blank; a third of everything is no letter.
        masses = [("A", p[0] / 2), (" A", p[0] / 2), *zip("BCD", p[1:], strict=True)]
        stated += [f"q{question},1,B,{token},{math.log(mass * 2 / 3)}" for token, mass in masses]
        shares = p**exponent / (p**exponent).sum()
        for epoch, letter in enumerate(rng.choice([*"ABCD", ""], 400, p=[*(shares * 0.75), 0.25]), 1):
            drawn.append(f"q{question},{epoch},{letter},B")
    (folder / "gemma-3-270m.letters.csv").write_text("\n".join(stated) + "\n")
    (folder / "rows.csv").write_text("\n".join(drawn) + "\n")
    write_parquet(read(folder / "rows.csv").outcomes, str(folder / "gemma-3-270m.dial-1.0.parquet"))
    rows: list[dict[str, Any]] = script("real_results").dial(folder)
    return rows


def test_letters_drawn_from_the_stated_probabilities_agree_and_others_do_not(tmp_path: Path) -> None:
    for exponent, agrees in ((1.0, True), (2.0, False)):
        folder = tmp_path / str(exponent)
        folder.mkdir()
        [row] = letters(folder, exponent)
        assert row["questions"] == 12 and row["epochs"] == 12 * 400
        assert 0.7 * row["epochs"] < row["letters"] < 0.8 * row["epochs"]
        assert row["variance"]["agrees"] is agrees
        for quantity in ("error", "bias_squared", "variance"):
            low, high = row[quantity]["ci"]
            assert 0 < high - low < 0.1 and low < row[quantity]["value"] < high
        if agrees:
            assert row["error"]["exact"] == pytest.approx(
                row["bias_squared"]["exact"] + row["variance"]["exact"], rel=1e-12
            )


@pytest.mark.slow
def test_the_tables_of_the_models_run_here_give_the_numbers(found: dict[str, Any]) -> None:
    again = script("public_results").ran(FOLDER / "epochs")
    same(again, {name: found[name] for name in again})
