"""Every interval that `analyze`, `study` and `compare` print, from their JSON: clusters and shared few-shot contexts."""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.inference import contexts

COPIES = 5
OF_EPOCHS = ("overthinking/difference_ci", "overthinking/paper_split/difference_ci", "study/stabilisation")
"""What epochs are exchanged for, or drawn from, within questions: copies of a question are then as good as others."""
Intervals = dict[str, tuple[float, float] | None]


def walk(found: Any, path: str = "") -> Iterator[tuple[str, tuple[float, float] | None]]:
    """Every interval of a JSON document: lists called ci, pairs called …_low and …_high, low and high."""
    if isinstance(found, dict):
        for key, value in found.items():
            here = f"{path}/{key}"
            if key == "ci" or key.endswith("_ci"):
                yield here, None if value is None or None in value else (value[0], value[1])
            elif key.endswith("_low"):
                ends = value, found[key.removesuffix("low") + "high"]
                yield here.removesuffix("_low"), None if None in ends else ends
            else:
                yield from walk(value, here)
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from walk(value, f"{path}/{place}")


def rows(
    seed: int,
    *,
    questions: int = 60,
    contexts: int = 5,
    repeats: int = 2,
    effect: float = 0.0,
    always: float = 0.0,
    kind: str = "answer",
) -> list[dict[str, Any]]:
    """Two sizes of a model on the same questions; contexts move all of them alike by a normal effect in logits."""
    rng = np.random.default_rng(seed)
    hard, shift = rng.normal(size=questions), effect * rng.normal(size=contexts)
    sure = rng.random(questions) < always
    found = []
    for size in (1, 8):
        for q in range(questions):
            for c in range(contexts):
                for e in range(repeats):
                    p = 1.0 if sure[q] else 1 / (1 + math.exp(hard[q] + shift[c] - 0.3 * math.log(size)))
                    length = math.exp(5 + hard[q] + 0.5 * shift[c] + 0.4 * rng.normal())
                    row = {
                        "question_id": f"q{q}", "model": f"m-{size}B", "task": "t", "epoch": c * repeats + e + 1,
                        "context": f"c{c}", "target": "A", "output_tokens": round(length) + 1,
                    }  # fmt: skip
                    if kind == "answer":
                        found.append(
                            row | {"answer": "A" if rng.random() < p else str(rng.choice(list("BC")))}
                        )
                    else:
                        stated = float(np.clip(p + 0.15 * rng.normal(), 0.01, 0.99))
                        found.append(row | {"p_A": stated, "p_B": 1 - stated})
    return found


def write(path: Path, table: list[dict[str, Any]], *, contexts: bool, copies: int = 1) -> str:
    names = [name for name in table[0] if contexts or name != "context"] + ["cluster"] * (copies > 1)
    with path.open("w", newline="") as file:
        out = csv.DictWriter(file, names, extrasaction="ignore")
        out.writeheader()
        for row in table:
            for copy in range(copies):
                name = row["question_id"]
                out.writerow(row | {"cluster": name, "question_id": f"{name}-{copy}"})
    return str(path)


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.stdout, done.output
    return json.loads(done.stdout)


def everything(
    folder: Path, table: list[dict[str, Any]], **options: Any
) -> tuple[Intervals, dict[str, list[str]]]:
    """All intervals of all commands by their place, and what is said of those by group or analysis."""
    folder.mkdir()
    path = write(folder / "both.csv", table, **options)
    models = [[row | {"model": "m"} for row in table if row["model"] == name] for name in ("m-1B", "m-8B")]
    others = [write(folder / f"{place}.csv", own, **options) for place, own in enumerate(models)]
    groups = run("analyze", path, "--loss", "brier", "--loss", "kl")["groups"]
    found = {f"analyze{where}": ends for where, ends in walk(groups)}
    said = {f"analyze/{place}": [group["intervals_about"]] for place, group in enumerate(groups)}
    for analysis in run("study", path, "--groups", "1")["analyses"]:
        name = f"study/{analysis['name']}"
        found |= {f"{name}{where}": ends for where, ends in walk(analysis["rows"])}
        said[name] = analysis["said"]
    compared = run("compare", *others)["comparisons"]
    found |= {f"compare{where}": ends for where, ends in walk(compared)}
    assert len(found) > 100
    return found, said


def narrower(found: Intervals, than: Intervals, share: float, *, copies: bool = False) -> list[str]:
    """Intervals that exist in both and are narrower than a share of the other, or that the other does not have."""
    wrong = []
    for where in found.keys() & than.keys():
        own, other = found[where], than[where]
        if own is None or (copies and any(text in where for text in OF_EPOCHS)):
            continue
        if other is None:
            wrong.append(f"{where}: {own} where the other is undefined")
        # A noise floor is one of as many questions as there are: copies let it fall with their square root.
        elif (own[1] - own[0]) * (5**0.5 if "noise_floor" in where and copies else 1) < share * (
            other[1] - other[0]
        ) - 1e-9:
            wrong.append(f"{where}: {own} against {other}")
    return sorted(wrong)


@pytest.mark.parametrize("kind", ["answer", "probabilities"])
@pytest.mark.parametrize("always", [0.0, 0.95])
def test_copies_of_questions_in_one_cluster_tell_nothing_new(
    kind: str, always: float, tmp_path: Path
) -> None:
    table = rows(1, kind=kind, always=always)
    plain, _ = everything(tmp_path / "plain", table, contexts=False)
    copied, _ = everything(tmp_path / "copied", table, contexts=False, copies=COPIES)
    # Taken for questions of their own, copies would make intervals narrower by √5, to .45.
    wrong = narrower(copied, plain, 0.8, copies=True)
    assert not wrong, "\n".join(wrong)
    assert sum(ends is not None for ends in copied.values()) > 60


@pytest.mark.parametrize("kind", ["answer", "probabilities"])
def test_shared_contexts_widen_intervals_or_are_said_to_be_given(kind: str, tmp_path: Path) -> None:
    table = rows(2, effect=1.5, kind=kind)
    flat, _ = everything(tmp_path / "flat", table, contexts=False)
    nested, said = everything(tmp_path / "nested", table, contexts=True)
    # By resampling and by context are other quantities without contexts.
    other = ("by_resampling", "by_context", "study/answer_changes")
    flat = {where: ends for where, ends in flat.items() if not any(text in where for text in other)}
    wrong = narrower(nested, flat, 0.9)
    assert not wrong, "\n".join(wrong)
    # A much larger error of contexts widens every interval, or it says that it takes the contexts as given.
    with pytest.MonkeyPatch.context() as patch:
        honest = contexts.error_with_contexts
        patch.setattr(
            contexts,
            "error_with_contexts",
            lambda *given: honest(*given)._replace(error=4 * honest(*given).error),
        )
        larger, _ = everything(tmp_path / "larger", table, contexts=True)
    wide = {where for where in nested if (own := nested[where]) and (than := larger[where]) and own != than}
    for where in sorted(nested.keys() & flat.keys() - wide):
        if nested[where] is None or flat[where] is None or (nested[where] or (0, 0))[1] == 1.0:
            continue
        whole = next(text for name, text in said.items() if where.startswith(f"{name}/"))
        assert any("given" in text for text in whole), where
    for text in ("accuracy_ci", "error_ci", "incoherence_ci", "pass_hat_k/0", "icc/ci", "flip_rate", "noise_floor",
                 "disagreement/ci", "answer_entropy", "length_slope/slope_ci", "overthinking/shorter"):  # fmt: skip
        assert any(f"analyze/0/{text}" in where for where in wide), text
