"""What is said before the first token, and what is not."""

from pathlib import Path

import pytest
from inspect_ai import eval

from hotmess_inspect.plugin.at_start import start_warnings

GOOD = {"temperature": 1.0, "seed": None, "cache": None}


def said(
    task: str = "hotmess/gpqa", model: str = "openai/m", epochs: int | None = 10, **config: object
) -> str:
    return " | ".join(start_warnings(task, model, epochs, {}, {**GOOD, **config}))


def test_a_good_run_is_left_alone() -> None:
    assert said() == ""


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"temperature": 0}, "temperature 0"),
        ({"temperature": 0.0}, "temperature 0"),
        ({"seed": 3}, "fixed sampling seed"),
        ({"seed": 0}, "fixed sampling seed"),
        ({"cache": True}, "cache of generations"),
    ],
)
def test_each_setting_has_its_sentence(config: dict[str, object], words: str) -> None:
    assert words in said(**config) and "|" not in said(**config)


def test_one_epoch_has_no_variance_but_exact_distributions_need_no_more() -> None:
    assert "one epoch" in said(epochs=1) and "one epoch" in said(epochs=None)
    assert start_warnings("hotmess/mmlu", "openai/m", 1, {"format": "logprob"}, GOOD) == []


def test_the_answering_model_does_not_act() -> None:
    assert "use hotmess/simulated-agent" in said("hotmess/swebench", "hotmess/simulated")
    assert said("hotmess/swebench", "hotmess/simulated-agent") == ""


def test_a_real_eval_says_it_before_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = tmp_path / "rows.csv"
    header = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3"
    rows.write_text(header + "\nWhat is two and two?,4,5,6,7\n")
    (log,) = eval(
        "hotmess/gpqa",
        model="hotmess/simulated",
        task_args={"dataset": str(rows), "contexts": 0},
        epochs=1,
        log_dir=str(tmp_path / "logs"),
        display="none",
    )
    assert log.status == "success", log.error
    assert "hotmess: one epoch per question has no variance" in capsys.readouterr().err
