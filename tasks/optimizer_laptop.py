"""The bundled trained optimizers to the bottom of their valley, one size per run.

    inspect eval tasks/optimizer_laptop.py --model hotmess/optimizer -M size=3k
    inspect eval tasks/optimizer_laptop.py --model hotmess/optimizer -M size=25k

16 starts x 16 stochastic walks x 150 updates are 38,400 model calls; a trained model answers all that wait as one batch.

Reference: Hägele et al. (2026), The Hot Mess of AI, appendix B.4, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect.tasks.optimizer import optimizer


@task
def optimizer_laptop(starts: int = 16, steps: int = 150, epochs: int = 16, temperature: float = 1.0) -> Task:
    """Two dimensions, condition number 50, steps of 0.02: the bottom is reached after some 120 updates."""
    return optimizer(starts=starts, steps=steps, epochs=epochs, temperature=temperature)
