r"""Bias and variance against the size of the model, apart for easy and hard questions.

    python tasks/difficulty_groups.py --log-dir logs/groups --reference anthropic/claude-sonnet-4-0 \
        --model hf/Qwen/Qwen3-1.7B,1.7 --model hf/Qwen/Qwen3-8B,8 --model hf/Qwen/Qwen3-32B,32
    inspect eval-set tasks/difficulty_groups.py --model hf/Qwen/Qwen3-8B --log-dir logs/groups

Questions are sorted by how long the reference model thinks about them and cut into five groups of equal size, as in the paper,
with 10 contexts x 3 samples; bias² and variance have a power law in each, with a test that the groups share it. Questions are 100
of each MMLU subject (5,700).

Reference: Hägele et al. (2026), The Hot Mess of AI, section 3, https://arxiv.org/abs/2601.23045
"""

from collections.abc import Sequence

from inspect_ai import Task, task

from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.mmlu import mmlu


@task
def difficulty_groups(
    dataset: str = "hub",
    questions: int | None = None,
    contexts: int = 10,
    repeats: int = 3,
    seed: int = 0,
    output_tokens: float = 2000,
) -> Task:
    """MMLU for one model of the study, or for the reference."""
    made = mmlu(dataset=dataset, questions=questions, contexts=contexts, repeats=repeats, seed=seed)
    return state_cost("difficulty_groups", made, output_tokens=output_tokens, shots=5 if contexts else 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the reference and all models, and print the power laws of each group."""
    from inspect_ai.model import get_model

    from hotmess_inspect.experiments.studies.analysis import analyze_scaling, format_scaling
    from hotmess_inspect.experiments.studies.command import (
        add_model_arguments,
        design,
        options,
        present,
        run_study,
    )
    from hotmess_inspect.experiments.studies.models import sized_model

    parser = options(__doc__)
    parser.add_argument("--reference", required=True, help="model whose lengths sort the questions")
    parser.add_argument("--groups", type=int, default=5, help="groups of equal size")
    parser.add_argument("--model", action="append", required=True, help="NAME,SIZE; several times")
    add_model_arguments(parser)
    given = parser.parse_args(arguments)
    models = [sized_model(text, given.model_args) for text in given.model]
    asked = design(given)
    reference = sized_model(f"{given.reference},1", given.model_args)
    # One run serves where the reference is among the models.
    same = [m.label for m in models if (m.name, m.arguments) == (reference.name, reference.arguments)]
    wanted = {model.label: model for model in models} | ({} if same else {"reference": reference})
    plan = {
        label: (mmlu(**asked), get_model(model.name, **model.arguments)) for label, model in wanted.items()
    }
    runs = run_study(plan, given, lambda label: given.output_tokens)
    if runs:
        present(
            given,
            "difficulty_groups",
            lambda loss: analyze_scaling(
                [runs[model.label] for model in models],
                [model.size for model in models],
                reference=runs[same[0] if same else "reference"],
                groups=given.groups,
                loss=loss,
                resamples=given.resamples,
                seed=given.seed,
            ),
            lambda laws: format_scaling(laws, [model.label for model in models]),
        )


if __name__ == "__main__":
    from hotmess_inspect.experiments.studies.command import as_command

    as_command(main)
