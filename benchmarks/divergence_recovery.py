"""Does the account by step find a decision that was planted, and only then? Prints rates over seeds.

Plans of the simulated agent stand for epochs: 50 questions × 10 epochs, of which some turns are common to all epochs of
a question, one decides in part which fix is made, and the rest is drawn anew in every epoch.

    python benchmarks/divergence_recovery.py --seeds 200
    python benchmarks/divergence_recovery.py --real 1       the agent itself, in Inspect's local sandbox

With `--real` each seed is 500 runs of the agent, whose log goes through `hotmess diverge`; every step and outcome must be
as in the plan, so that the plans of the other seeds stand for runs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

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
from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments
from hotmess_inspect.simulated.plan import draw_plan

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


def planned(seed: int, effect: float, questions: int, epochs: int) -> tuple[GroupAccount, list[NullQuestion]]:
    """Plans of an agent as an account; the first fix's tests are the outcome."""
    arguments = AgentArguments(seed=seed, branch_step=STEP, branch_effect=effect, **BEHAVIOUR)
    bundled = [instance for _, instance in sorted(load_instances("").items())]
    accounts, nulls = [], []
    for number in range(questions):
        instance = replace(bundled[number % len(bundled)], instance_id=f"question {number}")
        paths, outcomes = [], []
        for epoch in range(1, epochs + 1):
            plan = draw_plan(instance, arguments, epoch)
            calls = tuple(Call("bash", {"command": c}) for step in plan.steps for c in step.commands)
            paths.append(call_steps(Trajectory("", "", epoch, calls), "target"))
            outcomes.append(plan.fix.f2p)
        keys = sorted({(s.tool, s.target, s.label) for path in paths for s in path})
        words = Vocabulary(*(tuple(k[n] for k in keys) for n in range(3)), (False,) * len(keys))
        labels = [[keys.index((s.tool, s.target, s.label)) for s in path] for path in paths]
        values = np.array(outcomes, dtype=np.float64)
        deviation = (values - 1) / np.sqrt(values.shape[1])
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


def real(seed: int, effect: float, questions: int, epochs: int) -> str:
    """The same with real runs: what `diverge` finds in their log, and how many epochs went as planned."""
    from inspect_ai import eval as inspect_eval
    from inspect_ai.model import get_model
    from planted import planted, write_rows

    from hotmess_inspect.results.divergence import DivergeOptions, diverge
    from hotmess_inspect.results.paths import read_with_paths

    with tempfile.TemporaryDirectory(prefix="hotmess-planted-") as name:
        # A login shell of the local sandbox must not run the profile of whoever measures.
        os.environ["HOME"] = name
        rows = write_rows(Path(name) / "rows.jsonl", questions)
        behaviour: dict[str, Any] = {"seed": seed, "branch_step": STEP, "branch_effect": effect, **BEHAVIOUR}
        (log,) = inspect_eval(
            planted(questions, epochs),
            model=get_model("hotmess/simulated-agent", rows=str(rows), **behaviour),
            log_dir=name,
            display="none",
            max_samples=4,
        )
        options = DivergeOptions(permutations=9999)
        walked = read_with_paths([log.location], options)
        (result,), _ = diverge(walked.inputs.outcomes, walked.paths.by_epoch, options)
        arguments = AgentArguments(rows=str(rows), **behaviour)
        instances = load_instances(str(rows))
        as_planned = total = 0
        for question in result.questions:
            for epoch in question.epochs:
                plan = draw_plan(instances[question.question], arguments, epoch.epoch)
                calls = tuple(Call("bash", {"command": c}) for step in plan.steps for c in step.commands)
                wanted = [s.label for s in call_steps(Trajectory("", "", epoch.epoch, calls), "target")]
                done = [s.label for s in epoch.steps]
                total += 1
                as_planned += done[: len(wanted)] == wanted and epoch.correct == float(all(plan.fix.f2p))
    share = result.shares(result.account.by_step)
    excess = share - result.null.expected
    first = result.account.steps[int(np.argmax(excess))]
    return (
        f"seed {seed}, effect {effect}: {as_planned} of {total} epochs as planned; largest excess at step {first}, "
        f"share {share.max():.3f}, p = {result.null.p_value:.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--effects", type=float, nargs="*", default=[0.7, 0.0])
    parser.add_argument(
        "--real", type=int, default=0, help="seeds that are run in the local sandbox, instead"
    )
    given = parser.parse_args()
    for seed in range(given.real):
        for effect in given.effects:
            print(real(seed, effect, QUESTIONS, EPOCHS), flush=True)
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
