"""Names of branches: unlike for unlike branches, with what tells them apart in front, whatever agents called."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.results.branch_names import WIDTH, Described, branch_names, told_apart

PREAMBLES = (
    "",
    "cd /testbed && ",
    '[ -e .git ] || cd "$(ls -d ./*/.git /testbed/.git 2>/dev/null | head -n 1 | sed "s|/.git$||")"\n',
    "export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 && source /opt/environments/testbed/bin/activate && ",
)
ENDINGS = (
    "",
    " 2>&1 | head -n 40",
    " --no-header -rA -p no:cacheprovider --tb=short --color=no 2>&1 | tail -n 100",
)
FILES = (
    "spans.py",
    "src/deep/er/and/deeper/still/module/of/a/package/interval.py",
    "größe.py",
    "a b.txt",
    "x" * 400,
)

commands = st.builds(
    lambda program, file, more: f"{program} {file}{more}",
    st.sampled_from(("cat", "sed -n '1,20p'", "python -m pytest -q", "grep -rn 'def '")),
    st.sampled_from(FILES) | st.text("abc/._", min_size=1, max_size=200),
    st.sampled_from(("", " && git diff", " # " + "note " * 60)),
)
siblings = st.builds(
    lambda before, after, own: [before + command + after for command in own],
    st.sampled_from(PREAMBLES),
    st.sampled_from(ENDINGS),
    st.lists(commands, min_size=1, max_size=8),
)
anything = st.lists(st.text(max_size=300), min_size=1, max_size=8)


def pieces(shown: str) -> list[str]:
    """What is shown between ellipses."""
    return [piece for piece in re.split("…", shown) if piece.strip()]


@given(siblings)
def test_something_of_each_command_stays_and_unlike_commands_stay_unlike(own: list[str]) -> None:
    shown = told_apart(own)
    for (a, x), (b, y) in combinations(zip(own, shown, strict=True), 2):
        assert (a == b) == (x == y)
    for text, line in zip(own, shown, strict=True):
        even = " ".join(text.split())
        assert pieces(line), (text, line)
        for piece in pieces(line):
            assert piece.strip() in even
        assert "\n" not in line and line.isprintable()


@given(anything)
def test_any_texts_at_all(own: list[str]) -> None:
    shown = told_apart(own)
    for (a, x), (b, y) in combinations(zip(own, shown, strict=True), 2):
        assert (a == b) == (x == y)
    for text, line in zip(own, shown, strict=True):
        assert line.isprintable()
        assert bool(line) == bool(text.strip()) or not text.strip()


@pytest.mark.parametrize("before", PREAMBLES[2:])
@pytest.mark.parametrize("after", ENDINGS)
def test_what_all_have_in_common_is_left_out(before: str, after: str) -> None:
    own = [f"bash: {before}{command}{after}" for command in ("cat a.py", "sed -n 1,9p a.py", "cat b.py")]
    shown = told_apart(own)
    tail = " …" if len(after) > 24 else after
    assert shown == [f"… cat a.py{tail}", f"… sed -n 1,9p a.py{tail}", f"… cat b.py{tail}"]


def test_where_some_agree_further_on_that_is_left_out_too() -> None:
    long = "python scripts/convert.py --from one/place/of/the/disk --to another/place/of/the/disk"
    assert told_apart([f"{long} --fast", f"{long} --slow", "ls"]) == [
        "python … --fast",
        "python … --slow",
        "ls",
    ]


def test_short_texts_stay_as_they_are_and_a_text_that_others_begin_with_shows_its_last_word() -> None:
    assert told_apart(["cat a.py", "cat b.py"]) == ["cat a.py", "cat b.py"]
    begun = "cd /a/rather/long/folder && python -m pytest"
    assert told_apart([begun, f"{begun} -x"]) == ["… pytest", "… pytest -x"]
    assert told_apart(["only one text " * 20]) == [("only one text " * 20)[: WIDTH - 3] + "…"]
    assert told_apart([]) == []


def test_white_space_is_shown_where_nothing_else_differs() -> None:
    assert told_apart(["a  b", "a b"]) == ["a  b", "a b"]
    assert told_apart(["a\nb", "a b"]) == ["a\\nb", "a b"]
    assert told_apart(["\x00", "\x01"]) == ["\\x00", "\\x01"]


@given(
    st.lists(
        st.builds(
            lambda tool, target, shown: (tool, target, f"{tool}: {shown}"[:300], f"{tool}\x1f{shown}"),
            st.sampled_from(("bash", "cat", "edit")),
            st.sampled_from(("", "a.py", "src/deep/er/and/deeper/still/module/of/a/package/interval.py")),
            commands | st.sampled_from(("{}", "")),
        ),
        max_size=8,
        unique_by=lambda one: one[3],
    ),
    st.sampled_from((32, 90)),
)
def test_branches_of_a_node_have_unlike_names(own: list[tuple[str, str, str, str]], width: int) -> None:
    branches = [Described(*one) for one in own] + [Described("", "", "stops", "")]
    names = branch_names(branches, width)
    assert len(set(names)) == len(names)
    assert all(name.strip("… ") for name in names)
    assert names[-1] == "stops"


def test_branches_that_agree_in_tool_and_files_are_named_by_the_rest() -> None:
    def step(text: str) -> Described:
        return Described("sed", "a.py", f"bash: {text}", f"bash\x1f{text}")

    assert branch_names([step("sed -n 1,9p a.py"), step("sed -n 9,19p a.py")]) == [
        "sed a.py: sed -n 1,9p a.py",
        "sed a.py: sed -n 9,19p a.py",
    ]
    # Epochs that are one branch at this grain, but called the tool with other arguments, go by the tool alone.
    same, other = (Described("look", "", "look: {'user': 1}", "look\x1f", same) for same in (True, False))
    assert branch_names([same]) == ["look: {'user': 1}"]
    assert branch_names([other]) == ["look"]
