"""One of a thing is said in the singular: every sentence with a number before a plural is looked at."""

import ast
import re
from pathlib import Path

from hotmess_inspect.words import counted, p_word

SOURCE = Path(__file__).parents[1] / "src" / "hotmess_inspect"
NOUNS = set(
    "answers attempts branches bytes calls checks choices clusters columns commands contexts digits draws epochs files "
    "groups images instances labels lengths letters lines logs members messages models names pairs parts patches "
    "probabilities problems processors questions records rows runs samples scores sets settings starts steps targets tasks "
    "tests times transcripts trials turns values verdicts words".split()
)
NEVER_ONE = {
    # Constants of the code, and numbers that the branch above has found to be two or more.
    "FARTHEST", "FEW_QUESTIONS", "LARGEST_FOLDER", "LARGEST_NEW", "LEAST_EPOCHS", "MAX_RATIO", "MAX_RECORD_BYTES", "MOST_FILES",
    "_MAX_SAMPLE", "_MAX_SAMPLE * 4", "_MOST_CSV_BYTES", "limit", "largest", "2 * k", "len(files)", "len(leading)",
    "len(logs.names)", "len(own)", "len(pairs)", "len(paths)", "len(same)", "len(tasks)", "most", "pairs", "span",
    # Names, not numbers.
    "column", "loaded.name", "name", "service.image", "sets", "task", "who", "_shown(split.within)",
    "'shuffled' if shuffle else 'ordered'",
}  # fmt: skip
NO_COUNTS = {"carried", "contexts", "len(second.error)", "scores.epochs", "state.instances", "len(starts)"}
"""Broken numbers, the second of two that are compared, texts, columns of a list."""


_PLURAL = re.compile(
    r" (?:(?:changed|different|effective|further|later|more|other|planned|unstable|usable|whole) )?([a-z]+)\b"
)


def plurals(code: str) -> list[tuple[str, str]]:
    """Numbers of f-strings that stand right before a plural, and what follows them."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                continue
            words, shown = _PLURAL.match(str(text.value)), ast.unparse(value.value)
            known = shown in NEVER_ONE | NO_COUNTS or shown.startswith("counted(")
            if words and words[1] in NOUNS and not known:
                found.append((shown, str(text.value)))
    return found


def test_no_sentence_counts_one_in_the_plural() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 300
    assert [(path.name, *one) for path in files for one in plurals(path.read_text(encoding="utf-8"))] == []


def test_the_walk_sees_a_plural() -> None:
    code = 'f"{n} questions"; f"of {len(x):,} planned epochs"; f"{n} of them"; f"{counted(n, \'row\')} rows"'
    assert plurals(code) == [("n", " questions"), ("len(x)", " planned epochs")]


def test_words() -> None:
    assert [counted(n, "row", "is", "are") for n in (0, 1, 2000)] == [
        "0 rows are",
        "1 row is",
        "2,000 rows are",
    ]
    assert counted(1, "epoch") == "1 epoch"
    assert [p_word(p) for p in (float("nan"), 1.0, 0.0996, 0.0994, 0.05, 0.0499, 0.04996, 0.0006, 0.0)] == [
        "–", "1.00", "0.10", "0.099", "0.050", "0.0499", "0.04996", "0.001", "<0.001",
    ]  # fmt: skip
