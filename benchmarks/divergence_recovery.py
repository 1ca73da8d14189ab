"""Does the account by step find a decision that was planted, and only then? Prints rates over seeds.

Plans of the simulated agent stand for epochs: 50 questions × 10 epochs, of which some turns are common to all epochs of
a question, one decides in part which fix is made, and the rest is drawn anew in every epoch.

    python benchmarks/divergence_recovery.py --seeds 200
    python benchmarks/divergence_recovery.py --real 10 --questions 12     the agent itself, in Inspect's local sandbox

With `--real` the agent runs in sandboxes, and its log goes through `hotmess diverge`. Every command, every outcome and
the variance of every step are compared with those of the plans: where all agree, the plans of the other seeds stand for
runs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from planted import planted, row, write_rows

from hotmess_inspect.analyses.divergence.account import (
    GroupAccount,
    Vocabulary,
    account_question,
    summed_account,
)
from hotmess_inspect.analyses.divergence.null import NullQuestion, step_null
from hotmess_inspect.inference.intervals import ratio_intervals
from hotmess_inspect.io.steps import call_steps
from hotmess_inspect.io.trajectories import Call, Trajectory
from hotmess_inspect.simulated.behaviour import AgentArguments, known_instances
from hotmess_inspect.simulated.plan import Plan, draw_plan

STEP = 3
BEHAVIOUR: dict[str, Any] = {"branch_wander": 0.15, "actions": 2.0, "spread": 0.3}
QUESTIONS, EPOCHS = 50, 10


@dataclass(frozen=True)
class Trial:
    """What one seed gave.

    Attributes:
        first: The step with the largest excess of its share over the null.
        p: Smallest corrected p-value.
        share: Share of the planted step.
        interval: Its 95 % interval.
    """

    first: int
    p: float
    share: float
    interval: tuple[float, float]


def plans(seed: int, effect: float, questions: int, epochs: int) -> dict[str, list[Plan]]:
    """What the agent means to do in each epoch, by question."""
    arguments = AgentArguments(seed=seed, branch_step=STEP, branch_effect=effect, **BEHAVIOUR)
    known = known_instances([row(number) for number in range(questions)])
    return {
        name: [draw_plan(instance, arguments, epoch) for epoch in range(1, epochs + 1)]
        for name, instance in known.items()
    }


def commands(plan: Plan) -> list[str]:
    """The shell commands of a plan, and submitting."""
    return [c for step in plan.steps for c in (("submit",) if step.submits else step.commands)]


def right(plan: Plan) -> float:
    """1 where the plan's fix passes all tests, else 0."""
    return float(all(plan.fix.f2p))


def planned(seed: int, effect: float, questions: int, epochs: int) -> tuple[GroupAccount, list[NullQuestion]]:
    """Plans of an agent as an account; whether the instance is mended is the outcome."""
    accounts, nulls = [], []
    for own in plans(seed, effect, questions, epochs).values():
        paths = []
        for plan in own:
            calls = [
                Call("submit", "") if c == "submit" else Call("bash", {"command": c}) for c in commands(plan)
            ]
            paths.append(call_steps(Trajectory("", "", 0, tuple(calls)), "target"))
        keys = sorted({(s.tool, s.target, s.label, s.final) for path in paths for s in path})
        codes = {key: code for code, key in enumerate(keys)}
        words = Vocabulary(*zip(*keys, strict=True))
        labels = [[codes[s.tool, s.target, s.label, s.final] for s in path] for path in paths]
        deviation = np.array([[right(plan) - 1] for plan in own])
        account = account_question(deviation, labels, words)
        accounts.append(account)
        nulls.append(NullQuestion(deviation, account.tree))
    return summed_account(accounts), nulls


def trial(seed: int, effect: float, permutations: int = 999) -> Trial:
    """One run of the account on one seed."""
    account, nulls = planned(seed, effect, QUESTIONS, EPOCHS)
    null = step_null(nulls, account.steps, permutations=permutations, rng=np.random.default_rng(seed))
    share = account.by_step.sum(axis=0) / account.variance.sum()
    place = account.steps.index(STEP)
    interval = ratio_intervals(
        account.by_step[:, [place]], account.variance[:, None], rng=np.random.default_rng(seed)
    )[0]
    first = account.steps[int(np.argmax(share - null.expected))]
    return Trial(first, null.p_value, float(share[place]), (float(interval[0]), float(interval[1])))


def true_share(effect: float, questions: int = 4000, epochs: int = EPOCHS) -> float:
    """Share of the planted step over so many questions that its error is below that of any interval."""
    account, _ = planned(10**6, effect, questions, epochs)
    return float(account.by_step[:, account.steps.index(STEP)].sum() / account.variance.sum())


def rates(seeds: int, effect: float) -> dict[str, float]:
    """Over seeds: how often the planted step comes first, p < .05, and the interval holds the truth."""
    trials = [trial(seed, effect) for seed in range(seeds)]
    truth = true_share(effect)
    return {
        "first": float(np.mean([t.first == STEP for t in trials])),
        "p_below_05": float(np.mean([t.p < 0.05 for t in trials])),
        "covered": float(np.mean([t.interval[0] <= truth <= t.interval[1] for t in trials])),
        "share": truth,
    }


@dataclass(frozen=True)
class Comparison:
    """What real runs of one seed have in common with their plans.

    Attributes:
        epochs: How many ran.
        as_planned: How many made the planned commands, all of them and no other, and ended as planned.
        farthest: Largest difference of a question's variance at a step, or of pairs that never part.
        first: The step with the largest excess of its share over the null.
        p: Smallest corrected p-value.
    """

    epochs: int
    as_planned: int
    farthest: float
    first: int
    p: float


def real(seed: int, effect: float, questions: int, epochs: int) -> Comparison:
    """Run the agent in sandboxes, split the variance of its log, and compare with the plans."""
    from inspect_ai import eval as inspect_eval
    from inspect_ai.model import get_model

    from hotmess_inspect.io.sources import find_files
    from hotmess_inspect.io.trajectories import iter_trajectories
    from hotmess_inspect.results.divergence import DivergeOptions, diverge
    from hotmess_inspect.results.paths import read_with_paths
    from hotmess_inspect.simulated.agent import IN_REPOSITORY

    with tempfile.TemporaryDirectory(prefix="hotmess-planted-") as name:
        # A login shell of the local sandbox must not run the profile of whoever measures.
        home, os.environ["HOME"] = os.environ.get("HOME", name), name
        try:
            rows = write_rows(Path(name) / "rows.jsonl", questions)
            behaviour: dict[str, Any] = {"branch_step": STEP, "branch_effect": effect, **BEHAVIOUR}
            (log,) = inspect_eval(
                planted(questions, epochs),
                model=get_model("hotmess/simulated-agent", rows=str(rows), seed=seed, **behaviour),
                log_dir=name,
                display="none",
                max_samples=4,
            )
        finally:
            os.environ["HOME"] = home
        options = DivergeOptions(permutations=9999, seed=seed)
        walked = read_with_paths([log.location], options)
        (result,), _ = diverge(walked.inputs.outcomes, walked.paths.by_epoch, options)
        made = {
            (t.question, t.epoch): [
                str(call.arguments["command"]).removeprefix(IN_REPOSITORY)
                if call.tool == "bash" and isinstance(call.arguments, dict)
                else call.tool
                for call in t.calls
            ]
            for t in iter_trajectories(find_files(log.location), failed=lambda log, reason: None)
        }
    meant = plans(seed, effect, questions, epochs)
    correct = {(q.question, epoch.epoch): epoch.correct for q in result.questions for epoch in q.epochs}
    as_planned = sum(
        made.get((question, epoch)) == commands(plan) and correct.get((question, epoch)) == right(plan)
        for question, own in meant.items()
        for epoch, plan in enumerate(own, 1)
    )
    account, farthest = planned(seed, effect, questions, epochs)[0], np.inf
    place = {name: number for number, name in enumerate(meant)}
    order = [place[q.question] for q in result.questions]
    if result.account.steps == account.steps and len(order) == len(place):
        farthest = max(
            np.abs(result.account.by_step - account.by_step[order]).max(),
            np.abs(result.account.never - account.never[order]).max(),
        )
    excess = result.shares(result.account.by_step) - result.null.expected
    first = result.account.steps[int(np.argmax(excess))]
    return Comparison(len(correct), as_planned, float(farthest), first, result.null.p_value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--effects", type=float, nargs="*", default=[0.7, 0.0])
    parser.add_argument("--real", type=int, default=0, help="seeds that are run in sandboxes, instead")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="questions of a real run")
    given = parser.parse_args()
    ran, as_planned = 0, 0
    for seed in range(given.real):
        for effect in given.effects:
            one = real(seed, effect, given.questions, EPOCHS)
            ran, as_planned = ran + one.epochs, as_planned + one.as_planned
            print(
                f"seed {seed}, effect {effect}: {one.as_planned} of {one.epochs} epochs as planned, variance by step "
                f"within {one.farthest:.1e} of the plans'; largest excess at step {one.first}, p = {one.p:.4f}; "
                f"{as_planned} of {ran} epochs so far",
                flush=True,
            )
    if given.real:
        return
    for effect in given.effects:
        found = rates(given.seeds, effect)
        listed = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
        print(
            f"effect {effect}: {listed} ({given.seeds} seeds, {QUESTIONS} questions × {EPOCHS} epochs)",
            flush=True,
        )


if __name__ == "__main__":
    main()
