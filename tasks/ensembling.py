"""What a vote over many samples mends: GPQA with many epochs, averaged in groups of 1, 2, 3 and more.

    python tasks/ensembling.py --model openai/o4-mini --questions 50 --repeats 320 --log-dir logs/ensembling
    inspect eval-set tasks/ensembling.py -T repeats=320 --model openai/o4-mini --log-dir logs/ensembling

Ten disjoint ensembles of each size, as in the paper: their variance falls as one over the size (the paper's exponent is −1.00),
the bias² stays (that of KL falls a little in the paper). Probabilities are stated and reasoning is asked for without examples, so that all
epochs are of one context; the number of epochs and of questions (320 and 50) is ours: ensembles of 32 need 320 epochs.

Reference: Hägele et al. (2026), The Hot Mess of AI, section 3, https://arxiv.org/abs/2601.23045
"""

from collections.abc import Sequence

from inspect_ai import Task, task

from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.gpqa import gpqa


@task
def ensembling(
    dataset: str = "hub",
    questions: int | None = 50,
    repeats: int = 320,
    format: str = "probability",
    cot: bool = True,
    seed: int = 0,
    output_tokens: float = 2000,
) -> Task:
    """Zero-shot GPQA with many epochs."""
    made = gpqa(
        dataset=dataset, questions=questions, format=format, cot=cot, contexts=0, repeats=repeats, seed=seed
    )
    return state_cost("ensembling", made, output_tokens=output_tokens)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the model and print the curve."""
    from hotmess_inspect.experiments.studies.analysis import analyze_ensembling, format_ensembling
    from hotmess_inspect.experiments.studies.command import design, options, present, run_study

    parser = options(__doc__, questions=50, contexts=0, repeats=320, format="probability")
    parser.add_argument("--model", required=True)
    parser.add_argument("--sizes", help="ensemble sizes, separated by commas; all that fit if not given")
    parser.add_argument("--ensembles", type=int, default=10, help="disjoint ensembles per question")
    given = parser.parse_args(arguments)
    runs = run_study(
        {"ensembling": (gpqa(**design(given)), given.model)}, given, lambda label: given.output_tokens
    )
    if runs:
        sizes = [int(size) for size in given.sizes.split(",")] if given.sizes else None
        present(
            given,
            "ensembling",
            lambda loss: analyze_ensembling(
                runs["ensembling"],
                sizes=sizes,
                ensembles=given.ensembles,
                loss=loss,
                resamples=given.resamples,
                seed=given.seed,
            ),
            format_ensembling,
        )


if __name__ == "__main__":
    from hotmess_inspect.experiments.studies.command import as_command

    as_command(main)
