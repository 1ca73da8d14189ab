"""What the README shows is what there is: its commands, its Python, its numbers."""

import inspect
import re
import shlex
from math import comb
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect import decompose
from hotmess_inspect.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(program + " ")]


def test_python_prints_what_the_comment_says(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    expected = [line[2:] for line in code.splitlines() if line.startswith("# [")]
    assert capsys.readouterr().out.splitlines() == expected
    assert expected


def test_incoherence_of_pass_and_fail_is_what_the_page_says() -> None:
    assert "(pass¹ − pass²)/(1 − pass¹)" in README
    right = np.random.default_rng(0).random((40, 5)) < np.linspace(0, 1, 40)[:, None]
    passes, epochs = right.sum(axis=1), right.shape[1]
    once, twice = ((np.mean([comb(int(c), k) for c in passes]) / comb(epochs, k)) for k in (1, 2))
    found = decompose(
        right[:, :, None].astype(float), target=np.ones((40, 1)), loss="squared", estimator="unbiased"
    )
    assert found.incoherence == pytest.approx((once - twice) / (1 - once), abs=1e-12)


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = {words[1] for words in commands("make")}
    assert {"demo", "test", "check", "docs"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_hotmess_commands_exist_with_their_options() -> None:
    for _, name, *rest in commands("hotmess"):
        assert name in COMMANDS
        group = CliRunner().invoke(main, [name, "--help"]).output
        sub = [rest[0]] if "COMMAND [ARGS]" in group else []
        text = CliRunner().invoke(main, [name, *sub, "--help"]).output
        assert all(word in text for word in rest if word.startswith("--"))


def test_every_command_of_the_overview_can_be_imported() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0, (name, result.output)


def test_task_names_and_parameters_exist() -> None:
    from importlib import import_module

    names = ["gpqa", "mmlu", "model_written", "optimizer", "suite", "survey", "swebench"]
    tasks = {
        f"hotmess/{name}": getattr(import_module(f"hotmess_inspect.tasks.{name}"), name) for name in names
    }
    assert set(re.findall(r"^\| `(hotmess/\w+)` \|", README, re.MULTILINE)) == set(tasks)
    for words in commands("inspect"):
        if words[1] == "eval" and words[2] in tasks:
            parameters = inspect.signature(tasks[words[2]]).parameters
            given = [words[i + 1].split("=")[0] for i, word in enumerate(words) if word == "-T"]
            assert set(given) <= set(parameters)
        elif words[1] == "eval" and words[2].endswith(".py"):
            assert (ROOT / words[2]).is_file()


def test_what_is_written_of_switches_and_parameters_exists() -> None:
    from hotmess_inspect.plugin.at_end import VARIABLE
    from hotmess_inspect.tasks.swebench import swebench

    assert f"`{VARIABLE}=off`" in README
    parameters = inspect.signature(swebench).parameters
    assert set(re.findall(r"`-T (\w+)=\w+`", README)) <= set(parameters)


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_what_the_plug_in_reads() -> None:
    # Coverage of one test with pass rate 1/2 has incoherence 1/2: E[plug-in variance] = 1/4 (1 - 1/R), and
    # the mean error is 1/2 whatever R is. All 2^5 outcomes of five epochs, each as probable:
    epochs = ((np.arange(2**5)[:, None] >> np.arange(5)) & 1).astype(float)[:, :, None]
    found = decompose(epochs, np.array(1.0), loss="squared", estimator="plugin")
    assert found.incoherence == pytest.approx(0.40, abs=1e-12)
    assert "0.5 reads 0.40 at 5 epochs, 0.48 at 30" in README
    assert 0.5 * (1 - 1 / 30) == pytest.approx(0.48, abs=0.005)


def test_the_demo_numbers_are_those_of_the_simulated_agent() -> None:
    """The agent's draws and the measured outcomes of its fixes give the table, without a container."""
    from hotmess_inspect.simulated.agent import load_instances
    from hotmess_inspect.simulated.behaviour import AgentArguments
    from hotmess_inspect.simulated.plan import draw_plan

    chosen = ("hotmess-mini__daywork", "hotmess-mini__unitconf")
    instances = [i for name, i in load_instances("").items() if name.startswith(chosen)]
    outcomes = np.full((len(instances), 5, 64), np.nan)
    for row, instance in enumerate(instances):
        for epoch in range(5):
            f2p = draw_plan(instance, AgentArguments(), epoch + 1).fix.f2p
            outcomes[row, epoch, : len(f2p)] = f2p
    found = decompose(outcomes, np.array(1.0), loss="squared", estimator="unbiased")
    table = re.search(r"<!-- demo output -->(.*?)<!-- /demo output -->", README, re.DOTALL)
    assert table
    (line,) = [x for x in table[1].splitlines() if re.match(r"│ f2p\s", x)]
    numbers = re.findall(r"\d\.\d{4}", line)
    expected = [1 - found.mean("error"), *map(found.mean, ("error", "bias_squared", "variance"))]
    assert numbers == [f"{n:.4f}" for n in [*expected, found.incoherence]]
    assert f"{len(instances)} questions, {len(instances) * 5} epochs" in table[1]
    assert len(instances) == 9 and "nine small SWE-bench instances" in README


def test_the_demo_block_is_what_the_demo_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines from the finding on, those that name the report among them."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner(env={"COLUMNS": "600"}).invoke(main, ["demo", "--no-open"])
    assert done.exit_code == 0, done.output
    block = re.search(r"<!-- demo output -->\n```text\n(.*?)```", README, re.DOTALL)
    assert block
    printed = [line.rstrip() for line in done.stdout.rstrip().splitlines()[1:]]
    assert block[1].rstrip().splitlines() == printed
    assert any(line == "report: hotmess-demo/report.html" for line in printed)
