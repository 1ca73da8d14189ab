"""Model-written evaluations as in the paper: 16 human-generated sets on advanced AI risk, 30 samples per question.

    inspect eval-set tasks/model_written_paper.py --model anthropic/claude-sonnet-4-0 --log-dir logs/choice
    inspect eval-set tasks/model_written_paper.py -T format=open --model anthropic/claude-sonnet-4-0 --log-dir logs/open
    hotmess analyze logs/choice --length reasoning

The target of a choice is the aligned answer of its set; in the model's own words (`format=open`) there is none, and the variance
of the answers' embeddings is what is measured.

Reference: Hägele et al. (2026), The Hot Mess of AI, appendix B.2, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.model_written import model_written


@task
def model_written_paper(
    format: str = "choice",
    sets: str | None = None,
    dataset: str = "hub",
    questions: int | None = None,
    output_tokens: float = 600,
    measured: str | None = None,
) -> Task:
    """30 samples; output_tokens per epoch are declared, or measured in a log of a few questions."""
    made = model_written(sets=sets, format=format, questions=questions, epochs=30, dataset=dataset)
    return state_cost("model_written_paper", made, output_tokens=output_tokens, measured=measured)
