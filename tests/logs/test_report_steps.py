"""Epochs side by side on the page: from real logs, without scripts, safe against what transcripts hold."""

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import basic_agent
from inspect_ai.tool import Tool, tool

from hotmess_inspect.cli import main


@tool
def bash() -> Tool:
    async def execute(command: str) -> str:
        """Run a command.

        Args:
            command: The command.
        """
        return "done"

    return execute


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five epochs of one question: all list files, three open spans.py and are right, two interval.py and are wrong."""
    outputs = []
    for epoch in range(5):
        name = "spans.py" if epoch < 3 else "interval.py"
        script: list[tuple[str, dict[str, Any]]] = [
            ("bash", {"command": "ls src"}),
            ("bash", {"command": f"cat src/{name} # <script>alert(1)</script>"}),
            ("submit", {"answer": "yes" if epoch < 3 else "no"}),
        ]
        for function, arguments in script:
            output = ModelOutput.for_tool_call("mockllm/model", function, arguments)
            output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            outputs.append(output)
    task = Task(
        dataset=[Sample(id="q1", input="?", target="yes")],
        solver=basic_agent(tools=[bash()]),
        scorer=includes(),
        epochs=5,
    )
    (done,) = eval(
        task,
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(tmp_path_factory.mktemp("steps")),
        display="none",
        max_samples=1,
    )
    return Path(done.location)


def page_of(*arguments: str) -> str:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return Path(arguments[arguments.index("-o") + 1]).read_text()


@pytest.mark.parametrize("command", ["report", "diverge"])
def test_page_tells_which_step_decides(command: str, log: Path, tmp_path: Path) -> None:
    page = page_of(command, str(log), "-o", str(tmp_path / "page.html"))
    assert "<script" not in page
    # One cell spans the five epochs' common step; the parting is marked, with the outcomes of both ways.
    assert re.search(r'<td class="common right"[^>]* rowspan=5[^>]*>ls src', page)
    assert re.search(
        r'<td class="decides wrong"[^>]* rowspan=2 [^>]*>.*?cat src/interval.py.*?2 epochs, 0 right', page
    )
    assert re.search(
        r'<td class="decides right"[^>]* rowspan=3 [^>]*>.*?cat src/spans.py.*?3 epochs, 3 right', page
    )
    assert "<b>Step 1</b> (100.0 % of its variance, 6 pairs part)" in page
    # Links lead to the event, in the viewer started on the log's folder.
    links = re.findall(
        r'href="http://127.0.0.1:7575/#/logs/[^"]*/samples/sample/q1/\d/transcript\?event=\w+"', page
    )
    assert len(links) >= 2


def test_page_begins_with_the_step_that_decides_and_says_where_that_can_be_chance(
    log: Path, tmp_path: Path
) -> None:
    page = page_of("diverge", str(log), "-o", str(tmp_path / "page.html"))
    # Three right ones on one branch and two wrong ones on the other: one of ten ways of dealing them out.
    start = re.sub(r"<[^>]*>", "", page[: page.index("Variance still undecided")])
    assert "In q1 step 1 comes first (100.0 % of its variance)" in start
    assert (
        "3 epochs, 3 right, took “cat src/spans.py”; 2 epochs, 0 right, took “cat src/interval.py”" in start
    )
    (p,) = re.findall(r"can be chance \(p = (0\.\d+)\)", start)
    assert 0.08 < float(p) < 0.12
    assert "Steps are counted from 0" in page and "double line: the step that carries most" in page


def test_report_can_leave_transcripts_alone(log: Path, tmp_path: Path) -> None:
    page = page_of("report", str(log), "--no-steps", "-o", str(tmp_path / "page.html"))
    assert "Where epochs part" not in page


def test_tables_have_no_steps(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"q{q},{e},{'AB'[(q + e) % 2]},A" for q in range(3) for e in range(1, 4)]
    table.write_text("question_id,epoch,answer,target\n" + "\n".join(rows) + "\n")
    page = page_of("report", str(table), "-o", str(tmp_path / "page.html"))
    assert "Where epochs part" not in page


def test_annotation_says_where_each_epoch_parts(log: Path, tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    path = tmp_path / "annotated.eval"
    done = CliRunner().invoke(main, ["annotate", str(log), "-o", str(path)])
    assert done.exit_code == 0, done.output
    noted = read_eval_log(str(path))
    values = {s.epoch: s.scores["hotmess_question"].value for s in noted.samples or []}  # type: ignore[index]
    assert {epoch: (v["parts_at"], v["branch"]) for epoch, v in values.items()} == {
        **{epoch: (1, "cat\xa0src/spans.py") for epoch in (1, 2, 3)},
        **{epoch: (1, "cat\xa0src/interval.py") for epoch in (4, 5)},
    }
    # What the column has no room for stands in the explanation: the siblings' ways with their ends, the whole step.
    told = {s.epoch: s.scores["hotmess_question"].explanation for s in noted.samples or []}  # type: ignore[index]
    for epoch, name in ((1, "spans"), (5, "interval")):
        assert "It parts at step 1, which carries 100% of the question's variance." in told[epoch]
        assert "cat src/spans.py: 3 epochs, 3 right; cat src/interval.py: 2 epochs, 0 right." in told[epoch]
        assert f"Its step there: bash: cat src/{name}.py # <script>alert(1)</script>" in told[epoch]
    view = noted.eval.viewer.task_samples_view  # type: ignore[union-attr]
    shown = [column.id for column in view.columns]  # type: ignore[union-attr]
    assert "score__hotmess_question__branch" in shown and "score__hotmess_question__parts_at" in shown
    assert view.score_labels["parts_at"] == "parts at step"  # type: ignore[union-attr,index]


def test_epochs_that_part_and_end_alike_have_no_share(log: Path) -> None:
    from dataclasses import replace

    from hotmess_inspect.render.divergence import of_question, parting_sentence
    from hotmess_inspect.results.divergence import DivergeOptions, diverge
    from hotmess_inspect.results.paths import read_with_paths

    options = DivergeOptions(permutations=1, resamples=1)
    walked = read_with_paths([str(log)], options)
    results, _ = diverge(walked.inputs.outcomes, walked.paths.by_epoch, options)
    question = replace(results[0].questions[0], variance=0.0)
    said = parting_sentence(question, 0)
    assert said.startswith("It parts at step 1. cat src/spans.py: 3 epochs") and "%" not in said
    assert of_question(question, question.nodes[0]) == "– of its variance"
