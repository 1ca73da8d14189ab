"""What docs/results says of the two models run here, from the tables in docs/results/epochs."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

MODELS = {"smollm2-135m-instruct": "SmolLM2 135M Instruct", "gemma-3-270m": "Gemma 3 270M (base)"}
CELLS = {
    "own": "own questions",
    "mmlu": "MMLU, short rows",
    "model_written": "model-written",
    "contexts": "MMLU, 4 contexts × 3",
    "logprob": "MMLU, 4 contexts, log-probabilities",
    "probability": "MMLU, stated probabilities",
}
TEMPERATURES = (0.3, 0.7, 1.0)
QUANTITIES = ("error", "bias_squared", "variance")
RESAMPLES = 4000


def dial(folder: Path) -> list[dict[str, Any]]:
    """Sampled decomposition against the exact one from the letters' log-probabilities, per model and temperature.

    With p the distribution over letters, given that the first token is one, error = 2 (1 - p_y), bias² = ‖p - y‖²,
    variance = 1 - ‖p‖², means over questions. At temperature T every token's probability is raised to 1/T. The interval is
    that of the sampled estimate for these questions: epochs resampled within each.
    """
    found = []
    for model, name in MODELS.items():
        if not (folder / f"{model}.letters.csv").exists():
            continue
        for temperature in TEMPERATURES:
            path = folder / f"{model}.dial-{temperature}.parquet"
            if not path.exists():
                continue
            questions, counts, target, calls = _counts(path)
            # The sampled calls took their prompts from the server's cache, as the last of these calls did.
            exact, first = (
                _exact(folder / f"{model}.letters.csv", questions, temperature, call) for call in (-1, 0)
            )
            rng = np.random.default_rng(0)
            epochs = counts.sum(axis=1)
            sampled = _terms(counts / epochs[:, None], target, epochs)
            drawn = np.stack([
                rng.multinomial(total, row / total, RESAMPLES) / total for total, row in zip(epochs, counts, strict=True)
            ])  # fmt: skip
            plain = _terms(counts / epochs[:, None], target, None)
            again = _terms(drawn, target[:, None], epochs[:, None])
            truth, by_first = _terms(exact, target, None), _terms(first, target, None)
            row: dict[str, Any] = {"model": name, "temperature": temperature, "questions": len(questions)}
            row |= {"epochs": int(calls.sum()), "letters": int(epochs.sum())}
            row["first_call"] = float(by_first["error"].mean())
            for quantity in QUANTITIES:
                spread = np.quantile(again[quantity].mean(axis=0) - plain[quantity].mean(), [0.025, 0.975])
                value = float(sampled[quantity].mean())
                low, high = (value - spread[::-1]).tolist()
                row[quantity] = {
                    "value": value, "ci": [low, high], "exact": float(truth[quantity].mean()),
                    "first": float(by_first[quantity].mean()),
                    "agrees": bool(low <= truth[quantity].mean() <= high),
                }  # fmt: skip
            found.append(row)
    return found


def surveys(folder: Path) -> list[dict[str, Any]]:
    """How much of a survey each model answered."""
    path = folder / "surveys.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {"model": MODELS[row.pop("model")]} | {name: int(n) for name, n in row.items()}
            for row in csv.DictReader(file)
        ]


def agents(folder: Path) -> list[dict[str, Any]]:
    """How many epochs of an agent resolved its instance, ended at a limit, and called no tool."""
    path = folder / "agents.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            "model": MODELS[model], "instance": instance, "epochs": len(own),
            "resolved": sum(int(row["resolved"]) for row in own), "limited": sum(bool(row["limit"]) for row in own),
            "idle": sum(row["actions"] == "0" for row in own),
        }
        for model, instance in sorted({(row["model"], row["instance"]) for row in rows})
        for own in [[row for row in rows if (row["model"], row["instance"]) == (model, instance)]]
    ]  # fmt: skip


def _terms(
    p: np.ndarray[Any, Any], target: np.ndarray[Any, Any], epochs: np.ndarray[Any, Any] | None
) -> dict[str, Any]:
    """Error, bias² and variance of distributions or, with a number of epochs, their unbiased estimates from shares."""
    right = (p * np.eye(4)[target]).sum(axis=-1)
    error = 2 * (1 - right)
    variance = 1 - (p**2).sum(axis=-1)
    if epochs is not None:
        variance = variance * epochs / (epochs - 1)
    return {"error": error, "bias_squared": error - variance, "variance": variance}


def _counts(path: Path) -> tuple[list[str], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """How often each letter was drawn per question, the targets, and the calls."""
    from hotmess_inspect import read

    outcomes = read(path).outcomes
    columns = (outcomes.question.values(), outcomes.answer.values(), outcomes.target.values())
    letters: dict[str, np.ndarray[Any, Any]] = defaultdict(lambda: np.zeros(4, dtype=int))
    calls: dict[str, int] = defaultdict(int)
    targets = {}
    for question, answer, target in zip(*columns, strict=True):
        if target is None:
            # An epoch that a stopped run still owed.
            continue
        calls[question] += 1
        targets[question] = "ABCD".index(target)
        letters[question] += [letter == answer for letter in "ABCD"]
    names = sorted(letters)
    return (
        names,
        np.stack([letters[n] for n in names]),
        np.array([targets[n] for n in names]),
        np.array([calls[n] for n in names]),
    )


def _exact(path: Path, questions: list[str], temperature: float, call: int) -> np.ndarray[Any, Any]:
    """Probabilities of the letters at a temperature, from one of each question's calls (0 the first, -1 the last)."""
    seen: dict[tuple[str, int], np.ndarray[Any, Any]] = defaultdict(lambda: np.zeros(4))
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place = "ABCD".index(row["token"].strip(" \n▁Ġ(*").upper())
            seen[row["question_id"], int(row["epoch"])][place] += np.exp(float(row["logprob"]) / temperature)
    chosen = [sorted(key for key in seen if key[0] == question)[call] for question in questions]
    return np.stack([seen[key] / seen[key].sum() for key in chosen])


def cells(folder: Path) -> list[dict[str, Any]]:
    """The analysis of every table of answers."""
    from public_results import analyzed

    found = []
    for cell, name in CELLS.items():
        for model, shown in MODELS.items():
            path = folder / f"{model}.{cell}.parquet"
            if path.exists():
                options = ["--loss", "brier", "--loss", "kl", "--cluster", "none"]
                options += [] if cell in ("logprob", "probability") else ["--length", "tokens"]
                [group] = analyzed(path, *options)
                found.append({"cell": cell, "name": name, "model": shown, "group": group})
                if group["unparsed"]:
                    [group] = analyzed(path, *options, "--unparsed", "drop")
                    for part in ("slope", "overthinking"):
                        group.pop(part, None)
                    found.append(
                        {"cell": cell, "name": f"{name}, unread left out", "model": shown, "group": group}
                    )
    return found
