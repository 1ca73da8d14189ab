"""What repeated gradings say of an instance, and how they are kept."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.swebench.check import with_grades
from hotmess_inspect.swebench.grading import Grade
from hotmess_inspect.swebench.patch import CheckedPatch
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.stability import (
    Stability,
    cache_folder,
    cache_key,
    grader_version,
    read_cached,
    write_cached,
)

INSTANCE = Instance(
    "own__thing-1",
    "own/thing",
    "1",
    "0" * 40,
    "text",
    "gold",
    "tests",
    ("f1", "f2"),
    ("p1", "p2"),
    "image:1",
    "",
)
T, F = True, False


def stability(gold: list[tuple[bool, ...]], empty: list[tuple[bool, ...]]) -> Stability:
    return Stability("own__thing-1", INSTANCE.tests, 2, tuple(gold), tuple(empty))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTMESS_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_instance_in_order() -> None:
    found = stability([(T, T, T, T)] * 3, [(F, F, T, T)] * 3)
    assert (found.problem, found.unstable_tests, found.repeats) == ("", (), 3)


def test_a_test_that_flips_under_either_patch_is_masked() -> None:
    found = stability([(T, T, T, T), (T, T, F, T)], [(F, F, T, T), (F, F, T, F)])
    assert found.flipping == ("p1", "p2")
    assert (found.unstable_tests, found.problem) == (("p1", "p2"), "")


def test_a_test_that_the_fix_never_passes_is_masked() -> None:
    found = stability([(T, F, T, F)] * 2, [(F, F, T, F)] * 2)
    assert found.broken == ("f2", "p2")
    assert (found.unstable_tests, found.problem) == (("f2", "p2"), "")


@pytest.mark.parametrize(
    ("gold", "empty", "words"),
    [
        ([(F, F, T, T)] * 2, [(F, F, T, T)] * 2, "the reference fix passes none of its FAIL_TO_PASS tests"),
        (
            [(T, F, T, T), (F, T, T, T)],
            [(F, F, T, T)] * 2,
            "passes none of its FAIL_TO_PASS tests every time",
        ),
        ([(T, T, T, T)] * 2, [(T, T, T, T)] * 2, "all FAIL_TO_PASS tests pass without any fix"),
    ],
)
def test_what_makes_an_instance_useless(
    gold: list[tuple[bool, ...]], empty: list[tuple[bool, ...]], words: str
) -> None:
    assert words in stability(gold, empty).problem


def test_commits_of_the_future_are_a_problem_before_any_grading() -> None:
    found = Stability("own__thing-1", INSTANCE.tests, 2, future_commits=("a" * 40, "b" * 40))
    assert found.problem.startswith(
        "2 commits after the base commit are in the image, for example aaaaaaaaaaaa"
    )
    assert Stability("own__thing-1", INSTANCE.tests, 2).problem == ""


runs = st.lists(st.tuples(*[st.booleans()] * 4), max_size=4)


@given(
    gold=runs,
    empty=runs,
    own_user=st.booleans(),
    skipped=st.sets(st.sampled_from(INSTANCE.tests)),
    commits=st.lists(st.text("0f", min_size=40, max_size=40)),
)
def test_what_was_kept_is_read_again(
    gold: list[tuple[bool, ...]],
    empty: list[tuple[bool, ...]],
    own_user: bool,
    skipped: set[str],
    commits: list[str],
) -> None:
    kept = tuple(test for test in INSTANCE.tests if test in skipped)
    found = Stability(
        "own__thing-1", INSTANCE.tests, 2, tuple(gold), tuple(empty), tuple(commits), own_user, kept
    )
    write_cached(found, INSTANCE, "sha256:1")
    assert read_cached(INSTANCE, "sha256:1") == found


def test_another_digest_row_or_grader_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from hotmess_inspect.swebench import stability as module

    write_cached(stability([(T, T, T, T)], [(F, F, T, T)]), INSTANCE, "sha256:1")
    assert read_cached(INSTANCE, "sha256:2") is None
    assert read_cached(replace(INSTANCE, patch="another"), "sha256:1") is None
    monkeypatch.setattr(module, "grader_version", lambda: "another")
    assert read_cached(INSTANCE, "sha256:1") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"gold": ["11"], "empty": [], "future_commits": [], "own_user": false, "skipped": []}',
        b'{"gold": ["11x1"], "empty": [], "future_commits": [], "own_user": false, "skipped": []}',
        b'{"gold": [1111], "empty": [], "future_commits": [], "own_user": false, "skipped": []}',
    ],
)
def test_a_broken_file_is_as_good_as_none_and_is_mended(content: bytes) -> None:
    found = stability([(T, T, T, T)], [(F, F, T, T)])
    write_cached(found, INSTANCE, "sha256:1")
    path = cache_folder() / f"{cache_key(INSTANCE, 'sha256:1')}.json"
    path.write_bytes(content)
    assert read_cached(INSTANCE, "sha256:1") is None
    write_cached(found, INSTANCE, "sha256:1")
    assert read_cached(INSTANCE, "sha256:1") == found
    assert [entry.suffix for entry in cache_folder().iterdir()] == [".json"]
    assert json.loads(path.read_text())["image"] == "image:1"


def test_a_folder_that_cannot_be_written_costs_nothing(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    write_cached(stability([(T, T, T, T)], [(F, F, T, T)]), INSTANCE, "sha256:1")
    assert read_cached(INSTANCE, "sha256:1") is None


def test_the_graders_version_follows_from_its_sources() -> None:
    assert len(grader_version()) == 12
    assert int(grader_version(), 16) >= 0


def test_what_any_grading_of_the_reference_fix_skips_is_kept() -> None:
    def grading(outcomes: tuple[bool, ...], *skipped: str) -> Grade:
        statuses = {t: "skipped" if t in skipped else "passed" for t in INSTANCE.tests}
        return Grade("unresolved", outcomes, statuses, CheckedPatch(b"", (), ()), 0, "", "", 0.0)

    found = with_grades(stability([], []), [grading((T, T, T, T), "p2"), grading((T, T, T, T), "p1")], [])
    assert (found.skipped, found.gold) == (("p1", "p2"), ((T, T, T, T),) * 2)
    # What only the unfixed code skips excuses nothing.
    assert with_grades(found, [], [grading((F, F, T, T), "f1")]).skipped == ("p1", "p2")
