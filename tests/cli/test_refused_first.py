"""What cannot be done is refused in one sentence, before a cost is announced, a folder made or the network waited for."""

import runpy
import socket
import sys
from pathlib import Path

import datasets
import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

from hotmess_inspect.cli import main
from hotmess_inspect.io.hub import load_from_hub
from hotmess_inspect.swebench.rows import load_instances

ROOT = Path(__file__).parents[2]
MODELS = {
    "nope/model": "nope",
    "hotmess/simulatd": "permitted are: hotmess/simulated",
    "unnamed": "should be in the format",
}


@task
def one_question() -> Task:
    return Task(MemoryDataset([Sample("?", target="yes", id="q")]), solver=generate(), scorer=includes())


@pytest.fixture
def log(tmp_path: Path) -> str:
    logs = eval(
        one_question(), model="hotmess/simulated", epochs=2, log_dir=str(tmp_path / "made"), display="none"
    )
    return logs[0].location


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--question", "other", "--epoch", "1", "--at", "0"], "no question 'other'"),
        (["--question", "q", "--epoch", "9", "--at", "0"], "no epoch 9"),
        (["--question", "q", "--epoch", "1", "--at", "7"], "step 7 does not exist"),
        (["--question", "q", "--epoch", "1", "--at", "0", "--model", "nope/model"], "nope"),
    ],
)
def test_fork_announces_nothing_that_it_then_refuses(log: str, words: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["fork", log, *words])
    assert done.exit_code == 1 and said in done.output
    assert "goes on" not in done.output


def test_fork_names_a_task_that_is_not_here(
    log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the log's task stands in this file, by a path below the folder of the run
    done = CliRunner().invoke(main, ["fork", log, "--question", "q", "--epoch", "1", "--at", "0"])
    assert done.exit_code == 1 and "the log's task" in done.output and "goes on" not in done.output


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_cannot_be_called(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["run", "hotmess/mmlu", "--model", name, "--width", "0.1", "--log-dir", "waves"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1 and MODELS[name] in done.output and "Traceback" not in done.output
    assert "wave 1" not in done.output and not (tmp_path / "waves").exists()


def test_a_task_that_does_not_exist_is_answered_with_its_nearest_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, said in (
        ("hotmess/mmlo", "did you mean hotmess/mmlu"),
        ("quiz.py", f"no task quiz.py in {tmp_path}"),
    ):
        done = CliRunner().invoke(main, ["run", name, "--model", "hotmess/simulated", "--width", "0.1"])
        assert done.exit_code == 1 and said in " ".join(done.output.split())
    assert not (tmp_path / "logs").exists()


def test_a_reader_of_steps_is_looked_up_before_logs_are_read(log: str) -> None:
    done = CliRunner().invoke(main, ["diverge", log, "--explain", "nope/model"])
    assert done.exit_code == 2 and "nope" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "nope/model", "--dataset", "rows.csv"], "nope"),
        (["--model", "hotmess/simulated", "--dataset", "absent.csv"], "absent.csv"),
    ],
)
def test_a_preset_ends_with_a_sentence_and_no_cost(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(
        "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Record ID,Subdomain\n"
        "What?,a,b,c,d,r1,Physics\n"
    )
    preset = str(ROOT / "tasks" / "ensembling.py")
    monkeypatch.setattr(sys, "argv", [preset, "--log-dir", "logs", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(preset, run_name="__main__")
    assert str(ended.value).startswith("Error: ") and said in str(ended.value)
    assert "tokens" not in capsys.readouterr().err and not (tmp_path / "logs").exists()


class TestWithoutANetwork:
    """The hub's client tries for half a minute; the cache is asked at once where no connection can be had."""

    @pytest.fixture(autouse=True)
    def cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*where: object, **options: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr("hotmess_inspect.io.hub.getproxies", dict)

    def test_the_client_is_told_and_asked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = []

        def cached(path: str, *names: str, **options: object) -> list[str]:
            seen.append((path, names, options, datasets.config.HF_HUB_OFFLINE))
            return ["row"]

        monkeypatch.setattr(datasets, "load_dataset", cached)
        assert load_from_hub("some/set", "all", split="test") == ["row"]
        assert seen == [("some/set", ("all",), {"split": "test"}, True)]
        assert datasets.config.HF_HUB_OFFLINE is False

    def test_the_sentence_says_what_is_wrong_and_what_helps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(path: str, **options: object) -> None:
            raise ConnectionError("OfflineModeIsEnabled")

        monkeypatch.setattr(datasets, "load_dataset", missing)
        said = r"huggingface\.co cannot be reached: Name or service not known.*local file"
        with pytest.raises(ValueError, match=said):
            load_instances("lite")
        assert datasets.config.HF_HUB_OFFLINE is False

    def test_a_proxy_is_left_to_the_client(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hotmess_inspect.io.hub.getproxies", lambda: {"https": "http://proxy:3128"})
        monkeypatch.setattr(datasets, "load_dataset", lambda path, **options: datasets.config.HF_HUB_OFFLINE)
        assert load_from_hub("some/set") is False
