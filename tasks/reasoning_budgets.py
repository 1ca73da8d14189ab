"""What a larger reasoning budget buys on GPQA: effort levels low, medium, high, or 1k … 16k tokens.

    python tasks/reasoning_budgets.py --model openai/o4-mini --budgets low,medium,high --log-dir logs/effort
    python tasks/reasoning_budgets.py --model anthropic/claude-sonnet-4-0 --budgets 1k,2k,4k,8k,16k --log-dir logs/tokens
    inspect eval-set tasks/reasoning_budgets.py -T budget=4k --model anthropic/claude-sonnet-4-0 --log-dir logs/tokens

As in the paper probabilities are stated, in 10 contexts x 3 samples; `--contexts 0` asks for reasoning without examples.
The first two run all budgets as one eval-set (the same command continues it) and print accuracy and incoherence per budget,
beside what longer epochs do to the same question under one budget. The paper finds that a budget moves
incoherence little compared with that.

Reference: Hägele et al. (2026), The Hot Mess of AI, section 3, https://arxiv.org/abs/2601.23045
"""

from collections.abc import Sequence
from typing import Any

from inspect_ai import Task, task
from inspect_ai.model import GenerateConfig

from hotmess_inspect.experiments.studies.budgets import budget_config, budget_tokens
from hotmess_inspect.experiments.studies.command import zero_shot_cot
from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.gpqa import gpqa


@task
def reasoning_budgets(
    budget: str = "medium",
    dataset: str = "hub",
    questions: int | None = None,
    contexts: int = 10,
    repeats: int = 3,
    format: str = "probability",
    cot: bool | None = None,
    seed: int = 0,
) -> Task:
    """GPQA under one budget: low, medium, high, or a number of tokens such as 4k."""
    made = planned(
        budget,
        dataset=dataset,
        questions=questions,
        contexts=contexts,
        repeats=repeats,
        format=format,
        cot=zero_shot_cot(cot, contexts, format),
        seed=seed,
    )
    return state_cost(f"reasoning_budgets {budget}", made, output_tokens=budget_tokens(budget))


def planned(budget: str, **asked: Any) -> Task:
    """The task under a budget, with the other parameters of `hotmess/gpqa`."""
    made = gpqa(**asked)
    made.config = made.config.merge(GenerateConfig(**budget_config(budget)))
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all budgets and print what they buy."""
    from hotmess_inspect.experiments.studies.analysis import analyze_budgets, format_budgets
    from hotmess_inspect.experiments.studies.command import design, options, present, run_study

    parser = options(__doc__, format="probability")
    parser.add_argument("--model", required=True)
    parser.add_argument("--budgets", default="low,medium,high", help="names of levels or numbers of tokens")
    given = parser.parse_args(arguments)
    plan = {budget: (planned(budget, **design(given)), given.model) for budget in given.budgets.split(",")}
    runs = list(run_study(plan, given, budget_tokens).values())
    if runs:
        present(
            given,
            "reasoning_budgets",
            lambda loss: analyze_budgets(runs, loss=loss, resamples=given.resamples, seed=given.seed),
            lambda points: format_budgets(points, runs[0].unit.replace("_", " ")),
        )


if __name__ == "__main__":
    from hotmess_inspect.experiments.studies.command import as_command

    as_command(main)
