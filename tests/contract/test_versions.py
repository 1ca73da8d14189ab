"""What differs between releases of Inspect, held to the installed one; `make contract` runs this on several."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.util import OutputLimitExceededError
from inspect_ai.viewer import ViewerConfig

import hotmess_inspect._inspect_versions as versions
from hotmess_inspect.plugin.viewer import headlined, viewer_config

ROOT = Path(__file__).parents[2]
INSTALLED = tuple(map(int, re.findall(r"\d+", metadata.version("inspect-ai"))[:3]))
MARKUP = "<img src=x onerror=alert(1)> ![beacon](https://example.org/x) [a](https://example.org) $\\frac12$ `c` **d**\n# e"


def test_the_floor_is_the_declared_one() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"inspect-ai>={versions.OLDEST}" in declared
    assert versions.too_old() == ""


@pytest.mark.parametrize(
    ("version", "old"),
    [
        ("0.3.240", True),
        ("0.3.241", False),
        ("0.3.99", True),
        ("0.2.999", True),
        ("0.4.0", False),
        ("1.0", False),
        ("0.3.241.dev3+g1", False),
    ],
)
def test_versions_compare_as_numbers(version: str, old: bool) -> None:
    assert bool(versions.too_old(version)) is old
    if old:
        assert versions.OLDEST in versions.too_old(version) and version in versions.too_old(version)


def test_too_old_is_one_sentence_for_our_runs_and_silence_for_others() -> None:
    code = (
        "import importlib.metadata as m; real = m.version\n"
        "m.version = lambda name: '0.3.200' if name == 'inspect-ai' else real(name)\n"
        "import sys; sys.argv = ['inspect', 'eval', sys.argv[1]]\n"
        "import hotmess_inspect._registry\n"
        "assert 'hotmess_inspect._components' not in sys.modules"
    )
    for task, lines in (("hotmess/swebench", 1), ("inspect_evals/gsm8k", 0)):
        done = subprocess.run([sys.executable, "-c", code, task], capture_output=True, text=True, check=True)
        assert len(done.stderr.splitlines()) == lines, done.stderr
        assert done.stdout == "" and ("pip install --upgrade inspect-ai" in done.stderr) is bool(lines)


def test_the_viewer_is_told_not_to_trust_or_the_markup_is_escaped() -> None:
    known = "trust_content" in ViewerConfig.model_fields
    assert versions.trust_is_known() is known
    assert viewer_config("judge").model_dump().get("trust_content", "absent") is (
        False if known else "absent"
    )
    assert (versions.shown(MARKUP) == MARKUP) is known
    if INSTALLED < (0, 3, 270):
        assert not known


def test_escaped_markup_is_read_back_as_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    # Comes with rich, which the package depends on.
    from markdown_it import MarkdownIt

    monkeypatch.setattr(versions, "trust_is_known", lambda: False)
    reader = MarkdownIt("commonmark", {"html": True})
    opened = {token.type for token in reader.parse(MARKUP)} | {
        child.type for token in reader.parse(MARKUP) for child in token.children or ()
    }
    assert {"image", "link_open", "code_inline"} <= opened
    tokens = reader.parse(versions.shown(MARKUP))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children
    assert {child.type for child in children} == {"text", "softbreak"}
    assert "".join(child.content or "\n" for child in children) == MARKUP


@scorer(metrics=[mean()])
def undecided():
    async def score(state, target):
        return versions.unscored("no_response", explanation="nothing to grade", metadata={"own": 1})

    return score


def test_an_unscored_sample_keeps_its_reason_in_the_log(tmp_path: Path) -> None:
    reply = ModelOutput.from_content("mockllm", "x")
    reply.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    task = Task(dataset=[Sample(input="a", target="x")], scorer=undecided(), **headlined("undecided", "mean"))
    (log,) = eval(
        task,
        model=get_model("mockllm/model", custom_outputs=[reply]),
        display="none",
        log_dir=str(tmp_path),
    )
    assert log.status == "success", log.error
    (sample,) = read_eval_log(log.location).samples or []
    found = (sample.scores or {})["undecided"]
    assert isinstance(found.value, float) and found.value != found.value
    assert versions.reason_of(found) == "no_response"
    assert (found.metadata or {})["own"] == 1


def test_a_score_without_a_reason_has_none() -> None:
    assert versions.reason_of(Score(value=1.0)) is None
    assert versions.reason_of(versions.score_with_reason(None, value=1.0)) is None
    assert versions.score_with_reason(None, value=1.0, metadata={"a": 1}).metadata == {"a": 1}


def test_the_error_of_a_dead_sandbox_is_an_error_of_its_own() -> None:
    for kind in versions.sandbox_unavailable():
        assert issubclass(kind, RuntimeError)
        assert not issubclass(kind, (TimeoutError, OutputLimitExceededError))


def test_swebench_is_refused_where_a_container_that_is_gone_cannot_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hotmess_inspect.tasks import swebench as module

    monkeypatch.setattr(module, "sandbox_unavailable", tuple)
    with pytest.raises(Exception, match="pip install -U inspect-ai"):
        module.swebench(sandbox="docker")
