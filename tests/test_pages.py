"""Every command line of the README and of the site is one that its program takes, with parameters that exist.

Pages whose commands are run elsewhere have a test of their own; the others are run here.
"""

import inspect as introspection
import itertools
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import fields
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai._cli.main import inspect

from hotmess_inspect.cli import main
from hotmess_inspect.demo import demo_log
from hotmess_inspect.simulated.behaviour import AgentArguments
from hotmess_inspect.simulated.distribution import SimulatedArguments

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.stem != "changelog"),
]
# Programs of others, which are not started; all others are checked word by word.
OTHERS = {"cat", "export", "mkdir", "vllm"}
KEYED = re.compile(r"(openai|vllm|hf)/[\w./-]+")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each block of code."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def split(block: str) -> Iterator[list[str]]:
    """The command lines of a block: without comments and texts of files, with continued lines joined."""
    block = re.sub(r"<<'(\w+)'(.*?)\n.*?^\1$", r"\2", block, flags=re.M | re.S).replace("\\\n", " ")
    block = re.sub(r"\$\(.*?\)", "SHELL", block)
    yield from filter(None, (shlex.split(line, comments=True) for line in block.splitlines()))


def lines(page: Path) -> list[list[str]]:
    return [line for language, block in blocks(page) if language in ("bash", "sh") for line in split(block)]


def named(page: Path) -> list[list[str]]:
    """Commands within the text; what is left open is written with an ellipsis or in capitals."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    found = re.findall(r"`((?:hotmess|inspect) [a-z][^`]*)`", text)
    return [shlex.split(one.replace("\\|", "|").replace("\n", " ")) for one in found]


def parsed(command: click.Command, words: list[str]) -> click.Context:
    """The context of a command line as its program reads it, with an error where the program would refuse it."""
    context = command.make_context(command.name or "", list(words))
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return context
        _, command, rest = command.resolve_command(context, rest)  # type: ignore[assignment]
        context = command.make_context(command.name or "", list(rest), parent=context)
    return context


def values(words: list[str], *options: str) -> set[str]:
    """Names of NAME=VALUE given by options."""
    return {one.split("=")[0] for option, one in itertools.pairwise(words) if option in options}


def parameters(task: str) -> set[str]:
    """Of one of our tasks, by its registered name or its file."""
    if task.startswith("hotmess/"):
        name = task.removeprefix("hotmess/")
        return set(
            introspection.signature(getattr(import_module(f"hotmess_inspect.tasks.{name}"), name)).parameters
        )
    spec = spec_from_file_location(Path(task).stem, ROOT / task)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return set(introspection.signature(getattr(module, Path(task).stem)).parameters)


def check(words: list[str], *, whole: bool, text: str = "") -> None:
    while re.match(r"[A-Z_]+=", words[0]):  # variables of one command
        words = words[1:]
    program, *rest = words
    if program == "make":
        assert re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.M), words
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert rest[0] == "install"
        assert all(
            extra in extras
            for one in re.findall(r"hotmess-inspect\[(.*?)\]", " ".join(rest))
            for extra in one.split(",")
        )
    elif program == "python" and rest[0].startswith(
        ("benchmarks/", "sandbox/", "tasks/")
    ):  # the others are the page's
        source = (ROOT / rest[0]).read_text("utf-8")
        if rest[0].startswith("tasks/"):
            source += "".join(
                p.read_text("utf-8") for p in (ROOT / "src/hotmess_inspect/experiments/studies").glob("*.py")
            )
        for option in rest:
            assert not option.startswith("--") or option in source, (words, option)
    elif program in ("hotmess", "inspect"):
        try:
            parsed(main if program == "hotmess" else inspect, rest)
        except (
            click.UsageError
        ) as error:  # within the text an argument, or an option's value, may be left out
            if whole or not re.match("Missing |.* requires an argument", str(error)):
                raise
        except click.exceptions.Exit:
            assert "--help" in rest, words
        if program == "inspect" and len(rest) > 1 and re.match(r"hotmess/|tasks/", rest[1]):
            assert values(rest, "-T") <= parameters(rest[1]), words
            model = rest[rest.index("--model") + 1] if "--model" in rest else ""
            kinds: dict[str, Any] = {
                "hotmess/simulated": SimulatedArguments,
                "hotmess/simulated-agent": AgentArguments,
            }
            if model in kinds:
                assert values(rest, "-M") <= {field.name for field in fields(kinds[model])}, words
    else:
        # A script that the page itself shows begins with its name.
        own = program == "python" and re.search(rf"^# {re.escape(rest[0])}\b", text, re.M)
        assert program in OTHERS or own, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_line_is_one_that_its_program_takes(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        click.Path, "convert", lambda self, value, param, ctx: value
    )  # files need not be there
    # A block whose language is not named is highlighted as nothing, and would escape these tests.
    assert all(language for language, _ in blocks(page))
    for words in lines(page):
        check(words, whole=True, text=page.read_text("utf-8"))
    for words in named(page):
        check(words, whole=False)


@pytest.mark.parametrize(
    "line",
    [
        "hotmess analyse logs", "hotmess plan --wide 0.1", "hotmess analyze logs --loss brief", "hotmess images pul verified",
        "inspect eval hotmess/swebench --modle x", "inspect eval hotmess/swebench -T instance=a", "make demos",
        "inspect eval hotmess/gpqa --model hotmess/simulated -M acuracy=1", "pip install 'hotmess-inspect[clusters]'",
        "inspect eval tasks/behaviour.py -T suites=x", "python benchmarks/adaptiv.py", "hotmes demo",
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_found(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Path, "convert", lambda self, value, param, ctx: value)
    with pytest.raises((AssertionError, click.UsageError, OSError)):
        check(shlex.split(line), whole=True)


QUIZ = """
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

@task
def quiz():
    samples = [Sample(input=f"Which is {i}?", choices=["a", "b", "c"], target="A") for i in range(8)]
    return Task(dataset=MemoryDataset(samples), solver=multiple_choice(), scorer=choice())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the pages speak of: rows, a task, a table, logs of an old and a new model."""
    rows = re.search(
        r"<!-- rows -->\n```\w+\n(.*?)```", (ROOT / "docs/multiple_choice.md").read_text("utf-8"), re.S
    )
    assert rows
    (tmp_path / "rows.csv").write_text(rows[1], "utf-8")
    (tmp_path / "my_tasks.py").write_text(QUIZ)
    rng = np.random.default_rng(0)
    table = [f"q{q},{e},{rng.choice([*'AABC'])},A" for q in range(30) for e in range(1, 5)]
    (tmp_path / "answers.csv").write_text("\n".join(["question_id,epoch,answer,target", *table]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    (tmp_path / "logs").mkdir()
    for number, name in enumerate(("old", "new")):
        run(
            "inspect",
            "eval",
            "my_tasks.py",
            "--model",
            "hotmess/simulated",
            "-M",
            f"seed={number}",
            "--epochs",
            "6",
            "--log-dir",
            name,
        )
        (log,) = (tmp_path / name).glob("*.eval")
        log.rename(tmp_path / f"{name}.eval")
    (tmp_path / "logs" / "demo").mkdir()
    (tmp_path / "logs" / "demo" / "demo.eval").write_bytes(demo_log())
    for name in ("run", "some", "pilot"):
        (tmp_path / "logs" / f"{name}.eval").write_bytes((tmp_path / "old.eval").read_bytes())
    return tmp_path


def run(program: str, *words: str) -> str:
    """In a context of its own: an eval leaves its model behind as the active one."""
    done = copy_context().run(CliRunner().invoke, inspect if program == "inspect" else main, words)
    # A gate cannot tell by so few questions, an adaptive run does not reach its width.
    assert done.exit_code in ((0, 1, 2) if words[0] in ("gate", "run") else (0,)), (words, done.output)
    assert not isinstance(done.exception, Exception), (words, done.output)
    return done.output


# Pages whose lines are run here. Left out: servers, and what needs an engine, a key or the hub, each run elsewhere with
# a simulated model (tests/test_demo.py, tests/suites/test_drop_in_page.py, tests/tasks, tests/swebench).
ELSEWHERE = re.compile(
    r"pip |make |inspect (view|eval (hotmess/(suite|swebench|mmlu)|inspect_evals/|tasks/))"
)
INSTEAD = {
    "s3://bucket/run/*.eval": "logs/*.eval",
    "s3://bucket/run": "logs",
    "inspect_evals/gpqa_diamond": "my_tasks.py@quiz",
}


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/adaptive.md", "docs/analysis.md"])
def test_the_lines_of_a_page_run_one_after_the_other(page: str, folder: Path) -> None:
    printed = {}
    for words in lines(ROOT / page):
        line = " ".join(words)
        if ELSEWHERE.match(line):
            continue
        words = [INSTEAD.get(word, KEYED.sub("hotmess/simulated", word)) for word in words]
        if words[:2] == ["hotmess", "demo"] and "--no-open" not in words:
            words.append("--no-open")
        if words[:2] == ["inspect", "score"] and "--output-file" not in words:  # else it asks
            words.append("--overwrite")
        if words[:2] == ["hotmess", "run"]:  # each line is a run of its own, and ends early
            words += ["--most", "6", "--log-dir", f"waves-{len(printed)}"]
        printed[line] = run(*words)
    assert len(printed) >= 2
    assert any("is variance" in text for text in printed.values()) or page == "docs/adaptive.md"
    for line in printed:
        if " -o " in line:
            assert (folder / line.split(" -o ")[1].split()[0]).exists()
