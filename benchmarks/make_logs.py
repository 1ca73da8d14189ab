"""Make logs of any size for the other benchmarks, by real runs of Inspect with its mock model.

    python benchmarks/make_logs.py FOLDER --questions 100 --epochs 10 [--explanation 60] [--transcript 3000]

``--explanation`` is the length of the model's answer, which a multiple-choice scorer repeats as its
explanation in the log's summaries; ``--transcript`` the length of the question, which stands in the
transcript several times and in the summaries in part.
"""

from __future__ import annotations

import argparse
import random
import string
from collections.abc import Iterator

from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice


def words(rng: random.Random, length: int) -> str:
    """Text that compresses about as language does: words of a small vocabulary."""
    vocabulary = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9))) for _ in range(800)]
    text = ""
    while len(text) < length:
        text += " ".join(rng.choices(vocabulary, k=60)) + " "
    return text[:length]


def outputs(rng: random.Random, explanation: int) -> Iterator[ModelOutput]:
    """Answers with reasoning in front, and usage."""
    texts = [words(rng, explanation) for _ in range(200)]
    while True:
        text = f"{rng.choice(texts)}\nANSWER: {rng.choice('AAABCD')}"
        output = ModelOutput.from_content("mockllm/model", text)
        tokens = rng.randint(5, 4000)
        output.usage = ModelUsage(
            input_tokens=50, output_tokens=tokens, total_tokens=50 + tokens, reasoning_tokens=tokens // 2
        )
        yield output


def make_log(
    folder: str, questions: int, epochs: int, explanation: int = 60, transcript: int = 1000, seed: int = 0
) -> str:
    """Run the evaluation and return the log's path."""
    rng = random.Random(seed)
    base = words(rng, transcript * 2)

    def question(number: int) -> str:
        start = rng.randrange(max(1, transcript))
        return f"Question {number}: {base[start : start + transcript]}"

    samples = [
        Sample(id=f"q{i:05d}", input=question(i), choices=list("wxyz"), target="A") for i in range(questions)
    ]
    task = Task(
        name="reading",
        dataset=samples,
        solver=multiple_choice(),
        scorer=choice(),
        epochs=Epochs(epochs, "mean"),
    )
    model = get_model("mockllm/model", custom_outputs=outputs(rng, explanation))
    (log,) = eval(task, model=model, log_dir=folder, display="none", log_realtime=False, max_connections=20)
    return log.location


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--explanation", type=int, default=60)
    parser.add_argument("--transcript", type=int, default=1000)
    options = parser.parse_args()
    print(
        make_log(options.folder, options.questions, options.epochs, options.explanation, options.transcript)
    )


if __name__ == "__main__":
    main()
