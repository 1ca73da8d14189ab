"""The paper's quadratic as a task: four dimensions, condition number 50, steps of 0.005, 56 tokens a sequence.

    hotmess optimizer train --preset laptop-4d --out small
    inspect eval tasks/optimizer_paper.py -T checkpoint=small/50k.npz --model hotmess/optimizer -M checkpoint=small/50k.npz
    hotmess optimizer train --preset paper --device cuda --out paper
    inspect eval tasks/optimizer_paper.py --model hotmess/optimizer -M checkpoint=paper/50k.npz
    inspect eval tasks/optimizer_paper.py --model openai/gpt-5-mini -T starts=4 -T steps=16 --epochs 5

`laptop-4d` trains four sizes in the paper's dimensions within minutes on two cores; its steps are longer (0.02) and its numbers shorter
(three digits after the first), and `-T checkpoint=` asks about that surface. The paper walks 2,048 steps from 4,096 starts, which `hotmess optimizer scaling` does directly; as an Inspect task every step is
a model call, so that this preset is shorter. Any language model can take the trained one's place: A, b and the notation stand in
the prompt.

Reference: Hägele et al. (2026), The Hot Mess of AI, appendix B.4, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.tasks.optimizer import optimizer


@task
def optimizer_paper(
    starts: int = 16,
    steps: int = 64,
    epochs: int = 30,
    temperature: float = 1.0,
    checkpoint: str | None = None,
) -> Task:
    """The paper's dimension, condition number, step norm and precision, or the problem of a checkpoint."""
    if checkpoint is not None:
        return optimizer(
            starts=starts, steps=steps, epochs=epochs, temperature=temperature, checkpoint=checkpoint
        )
    paper = ProblemConfig()
    return optimizer(
        starts=starts,
        steps=steps,
        epochs=epochs,
        temperature=temperature,
        dims=paper.dims,
        condition_number=paper.condition_number,
        step_norm=paper.step_norm,
        start_half_width=paper.start_half_width,
        minimum_distance=paper.minimum_distance,
        precision=paper.precision,
        schedule=paper.schedule,
        surface_seed=paper.seed,
    )
