"""`hotmess glossary` has the words that commands print."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import glossary, main

ROWS = re.findall(
    r"^\| (?!word |---)(.+?) \| (.+) \|$",
    (Path(glossary.__file__).parent / "glossary.md").read_text("utf-8"),
    re.M,
)


def test_all_words_are_printed() -> None:
    done = CliRunner(env={"COLUMNS": "400"}).invoke(main, ["glossary"])
    assert done.exit_code == 0 and len(ROWS) > 30
    assert done.stdout.splitlines() == [f"{name}: {meaning}".replace("`", "") for name, meaning in ROWS]


@pytest.mark.parametrize(
    "word",
    ["accuracy", "error", "bias²", "variance", "incoherence", "ICC(1)", "dependability", "noise floor", "pass^k",
     "pass@k", "overthinking", "f2p", "p2p", "pooled", "resolved", "Holm", "mid-p", "kl", "brier", "unbiased", "plug-in", "margin", "harm", "power"],
)  # fmt: skip
def test_a_word_of_the_output_is_found(word: str) -> None:
    done = CliRunner().invoke(main, ["glossary", word])
    assert done.exit_code == 0, done.output
    assert word.casefold() in " ".join(done.stdout.split()).casefold()


def test_a_word_that_is_unknown_is_an_error_with_its_neighbours() -> None:
    done = CliRunner().invoke(main, ["glossary", "incoherense"])
    assert done.exit_code == 1 and "did you mean incoherence" in done.output
