"""Logs, an annotated folder and a report full of hostile text, for `check.mjs` to look at in a browser.

    python benchmarks/browser/make_pages.py OUT

Makes OUT/logs (two models on one task, real `inspect eval` runs, annotated in place) and OUT/report.html.
Question ids, answers, explanations and the task's metadata hold markup that would call `alert`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState, generate

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.annotate import annotate_log
from hotmess_inspect.plugin.viewer import viewer_config
from hotmess_inspect.render.report import ReportOptions, write_report
from hotmess_inspect.results.analyze import Options

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
QUESTIONS, EPOCHS = 24, 8


@scorer(metrics=[mean()])
def letters() -> Scorer:
    """The letter at the end of the output, with markup in everything that is shown."""

    async def score(state: TaskState, target: Target) -> Score:
        letter = state.output.completion.strip()[-1]
        metadata = {
            "hm_kind": "answer",
            "hm_answer": letter if letter != "D" else EVIL,
            "hm_target": target.text,
            "hm_output_tokens": state.output.usage.output_tokens if state.output.usage else None,
            "note": EVIL,
        }
        return Score(
            value=float(letter == target.text), answer=letter + EVIL, explanation=EVIL, metadata=metadata
        )

    return score


def outputs(shift: int) -> Iterator[ModelOutput]:
    """Answers that scatter more for later questions, which also take more tokens."""
    for number in range(QUESTIONS * EPOCHS):
        question, epoch = number % QUESTIONS, number // QUESTIONS
        scatter = (epoch * (question + shift)) % 5
        letter = "A" if scatter == 0 else "BCD"[scatter % 3] if question > 8 else "B"
        output = ModelOutput.from_content("mockllm/model", f"{EVIL} ANSWER: {letter}")
        tokens = 20 + 9 * question + 3 * epoch
        output.usage = ModelUsage(input_tokens=9, output_tokens=tokens, total_tokens=9 + tokens)
        yield output


def main(folder: Path) -> None:
    """Make everything."""
    logs = folder / "logs"
    for shift in (1, 2):
        samples = [Sample(id=f"q{i:02d} {EVIL}", input=EVIL, target="A") for i in range(QUESTIONS)]
        task = Task(
            name="markup",
            dataset=samples,
            solver=generate(),
            scorer=letters(),
            epochs=EPOCHS,
            viewer=viewer_config("letters", higher_is_better=["letters"]),
            metadata={"note": EVIL},
        )
        model = get_model("mockllm/model", custom_outputs=outputs(shift))
        options = {"max_samples": 1, "max_connections": 1, "display": "none", "temperature": shift / 2}
        (log,) = eval(task, model=model, log_dir=str(logs), **options)  # type: ignore[arg-type]
        annotate_log(log.location, log.location)
    found = read_inputs([str(logs)])
    write_report(
        found, str(folder / "report.html"), ReportOptions(analysis=Options(losses=("brier",), resamples=500))
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
