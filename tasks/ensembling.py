"""What a vote over many samples mends: GPQA with many epochs, averaged in groups of 1, 2, 3 and more.

    python tasks/ensembling.py --model openai/o4-mini --questions 50 --repeats 320 --log-dir logs/ensembling
    inspect eval-set tasks/ensembling.py -T repeats=320 --model openai/o4-mini --log-dir logs/ensembling

Ten disjoint ensembles of each size, as in the paper: their variance falls as one over the size (the paper's exponent is −1.00),
the bias² stays.

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
    seed: int = 0,
    output_tokens: float = 2000,
) -> Task:
    """Zero-shot GPQA with many epochs."""
    made = gpqa(dataset=dataset, questions=questions, contexts=0, repeats=repeats, seed=seed)
    return state_cost("ensembling", made, output_tokens=output_tokens)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the model and print the curve."""
    from hotmess_inspect.experiments.studies.command import options, run_study
    from hotmess_inspect.experiments.studies.ends import ensembling_end, ensembling_text

    parser = options(__doc__, questions=50, repeats=320)
    parser.add_argument("--model", required=True)
    parser.add_argument("--sizes", help="ensemble sizes, separated by commas; all that fit if not given")
    parser.add_argument("--ensembles", type=int, default=10, help="disjoint ensembles per question")
    given = parser.parse_args(arguments)
    made = gpqa(
        dataset=given.dataset,
        questions=given.questions,
        contexts=given.contexts,
        repeats=given.repeats,
        seed=given.seed,
    )
    runs = run_study({"ensembling": (made, given.model)}, given, lambda label: given.output_tokens)
    if runs:
        sizes = [int(size) for size in given.sizes.split(",")] if given.sizes else None
        curve = ensembling_end(
            runs["ensembling"],
            sizes=sizes,
            ensembles=given.ensembles,
            resamples=given.resamples,
            seed=given.seed,
        )
        print(ensembling_text(curve))


if __name__ == "__main__":
    main()
