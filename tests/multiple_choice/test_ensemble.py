"""Ensembles as solvers: who may vote, how votes are read, and what is refused."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import get_model
from inspect_ai.scorer import choice, match
from inspect_ai.solver import Solver

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.multiple_choice.ensemble import VOTES, ensemble
from hotmess_inspect.multiple_choice.scorer import choice_scorer
from hotmess_inspect.multiple_choice.solver import ask_choice
from hotmess_inspect.results.analyze import Options, analyze

QUESTIONS, EPOCHS, MEMBERS = 16, 12, 3


def run(folder: Path, solver: Solver, *, scorer: Any = None, epochs: int = EPOCHS, **more: Any) -> EvalLog:
    samples = [
        Sample(
            id=f"q{i}", input=f"Which is {i}?", choices=["one", "two", "three", "four"], target="ABCD"[i % 4]
        )
        for i in range(QUESTIONS)
    ]
    task = Task(
        dataset=MemoryDataset(samples), solver=solver, scorer=scorer or choice_scorer(), epochs=epochs
    )
    model = get_model("hotmess/simulated", accuracy=0.5, spread=0.2, concentration=1.0, memoize=False)
    return eval(task, model=model, log_dir=str(folder), display="none", **more)[0]


def test_an_average_keeps_bias_and_divides_variance(tmp_path: Path) -> None:
    log = run(tmp_path, ensemble(MEMBERS, "average", ask_choice()))
    stated = {str(s.id): s.output.metadata["simulated"] for s in log.samples or []}  # type: ignore[index]
    p = [np.array(one["probabilities"]) for one in stated.values()]
    away = [q - np.eye(4)[one["target"]] for q, one in zip(p, stated.values(), strict=True)]
    results, _ = analyze(read_inputs([log.location]).outcomes, Options(losses=("brier",), resamples=50))
    d = results[0].decomposition
    single = np.array([1 - q @ q for q in p])
    bias = np.array([b @ b for b in away])
    # Question by question against what is planted: the draws are the same in every run.
    for found, expected in ((d.variance, single / MEMBERS), (d.bias_squared, bias)):
        spread = np.std(found - expected, ddof=1) / np.sqrt(QUESTIONS)
        assert abs(np.mean(found - expected)) < 2 * spread
    # A single answer's variance is outside of what would pass, and so is a bias that falls with it.
    errors = [np.std(d.variance - single / MEMBERS), np.std(d.bias_squared - bias)]
    assert np.mean(single) * (1 - 1 / MEMBERS) > 8 * errors[0] / np.sqrt(QUESTIONS)
    assert np.mean(bias) * (1 - 1 / MEMBERS) > 4 * errors[1] / np.sqrt(QUESTIONS)


def test_inspects_own_choices_and_free_text_vote_too(tmp_path: Path) -> None:
    log = run(tmp_path / "a", ensemble(3), scorer=choice(), epochs=2)
    assert log.status == "success"
    for sample in log.samples or []:
        marked = [i for i, c in enumerate(sample.store[VOTES]) if c]
        assert len(marked) == 3 and sample.scores is not None
    task = Task(
        dataset=MemoryDataset([Sample(input="What is 2 + 2?", target="4")]),
        solver=ensemble(3),
        scorer=match(),
        epochs=2,
    )
    (free,) = eval(task, model="hotmess/simulated", log_dir=str(tmp_path / "b"), display="none")
    assert free.status == "success" and len((free.samples or [])[0].store[VOTES]) == 3


@pytest.mark.parametrize(
    ("solver", "more", "said"),
    [
        (lambda: ensemble(3, "average"), {}, "needs choices asked by hotmess/ask_choice"),
        (lambda: ensemble(3, solver=ask_choice(format="probability")), {}, "permitted are letters"),
        (lambda: ensemble(3), {"sandbox": "local"}, "the sample has a sandbox"),
    ],
)
def test_what_cannot_vote(tmp_path: Path, solver: Any, more: dict[str, Any], said: str) -> None:
    log = run(tmp_path, solver(), epochs=1, limit=1, **more)
    assert log.status == "error" and log.error is not None and said in log.error.message
    with pytest.raises(Exception, match="permitted"):
        ensemble(0)
    with pytest.raises(Exception, match="permitted are: majority, average"):
        ensemble(3, "median")


def test_the_command_line_finds_it_and_its_member(tmp_path: Path) -> None:
    log = run(tmp_path, ensemble(2, solver="hotmess/ask_choice"), epochs=1)
    again = read_eval_log(log.location)
    assert again.status == "success" and again.eval.scorers


def test_a_majority_has_the_terms_that_all_sequences_of_votes_give(tmp_path: Path) -> None:
    """Every sequence of three letters with its probability, ties to the first: what the winner's distribution must be."""
    log = run(tmp_path, ensemble(MEMBERS, "majority", ask_choice()))
    stated = {str(s.id): s.output.metadata["simulated"] for s in log.samples or []}  # type: ignore[index]
    terms = {"variance": [], "bias_squared": []}
    for one in stated.values():
        p, won = np.array(one["probabilities"]), np.zeros(4)
        for votes in product(range(4), repeat=MEMBERS):
            won[max(votes, key=votes.count)] += np.prod(p[list(votes)])
        terms["variance"].append(1 - won @ won)
        terms["bias_squared"].append(np.square(won - np.eye(4)[one["target"]]).sum())
    single = np.mean([1 - np.square(one["probabilities"]).sum() for one in stated.values()])
    results, _ = analyze(read_inputs([log.location]).outcomes, Options(losses=("brier",), resamples=50))
    d = results[0].decomposition
    for name, values in terms.items():
        spread = np.std(getattr(d, name) - np.array(values)) / np.sqrt(QUESTIONS)
        # The draws are the same in every run: two standard errors either way.
        assert abs(d.mean(name) - np.mean(values)) < 2 * spread  # type: ignore[arg-type]
        if name == "variance":
            # A solver without effect would be seen.
            assert single - d.mean(name) > 2 * spread
