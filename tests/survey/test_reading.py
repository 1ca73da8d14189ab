import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.experiments.survey.entities import load_entities, make_entities
from hotmess_inspect.experiments.survey.reading import read_csv, read_logs, votes_of
from hotmess_inspect.experiments.survey.votes import Duels

HEADER = "rater,question,entity,rank,category\n"


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "people.csv"
    path.write_text(text)
    return str(path)


def test_rankings_of_people_by_hand(tmp_path: Path):
    text = HEADER + "".join(
        f"{rater},intelligence,{entity},{rank},pets\n"
        for rater, ranks in {"ann": "1 2 3 4", "bob": "1 1 3 9"}.items()
        for entity, rank in zip(("cat", "dog", "fish", "hen"), ranks.split(), strict=True)
    )
    text += "cyd,coherence,fish,1,\ncyd,coherence,The Cat,2,\ncyd,coherence,fish,3,\ncyd,coherence,cow,4,\n"
    found = read_csv(write(tmp_path, text))
    # Cow is on nobody's list but is named: the list is all that the file names.
    assert found.entities.names == ("cat", "cow", "dog", "fish", "hen")
    assert found.entities.categories == ("pets", "", "pets", "pets", "pets")
    # Ann ranks 4 of 5: 1 … 4 times 6/5, cow in the middle. Bob ties cat and dog.
    by_hand = [[1.2, 3, 2.4, 3.6, 4.8], [1.8, 3, 1.8, 3.6, 4.8]]
    np.testing.assert_allclose(found.votes["intelligence"].ranks, by_hand)  # type: ignore[union-attr]
    # Cyd: fish 1, cat 2, fish again, cow 4: ranks 1 2 3 of 3, times 6/4; two missing.
    np.testing.assert_allclose(found.votes["coherence"].ranks, [[3, 4.5, 3, 1.5, 3]])  # type: ignore[union-attr]
    faults = found.votes["coherence"].faults
    assert (faults["missing"], faults["doubled"], faults["invented"], faults["unparsed"]) == (2, 1, 0, 0)
    assert found.votes["intelligence"].faults["missing"] == 2 and found.notes == []
    # With a list of one's own what is not on it was invented.
    own = make_entities([("cat", "x"), ("dog", "x"), ("fish", "y")], "here")
    counted = read_csv(write(tmp_path, text), own).votes
    assert counted["coherence"].faults["invented"] == 1 and counted["intelligence"].faults["invented"] == 2


def test_comparisons_of_people(tmp_path: Path):
    text = "rater,question,winner,loser\nann,intelligence,cat,dog\nann,intelligence,dog,hen\nbob,Coherence,hen,cat\nann,coherence,hen,dog\n"
    found = read_csv(write(tmp_path, text))
    duels = found.votes["intelligence"]
    assert isinstance(duels, Duels) and duels.raters == 1 and duels.wins.sum() == 2
    np.testing.assert_array_equal(duels.means(), [1, 2, 3])
    assert found.notes == ["1 raters answered both questions; the two groups should be disjoint"]


def test_names_of_the_bundled_list_have_its_categories(tmp_path: Path):
    text = "rater,question,entity,rank\n" + "".join(
        f"r{i},{question},{name},{rank}\n"
        for question in ("intelligence", "coherence")
        for i in range(2)
        for rank, name in enumerate(load_entities().names)
    )
    assert read_csv(write(tmp_path, text)).entities == load_entities()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no rows"),
        ("rater,question,entity\na,b,c\n", "needed are the columns entity, question, rank, rater"),
        (HEADER + "a,wisdom,cat,1,\n", "line 2: question 'wisdom' is not one of intelligence, coherence"),
        (
            HEADER + "a,coherence,cat,1,\na,coherence,dog,nan,\na,coherence,hen,2,\n",
            "line 3: rank 'nan' is no number",
        ),
        (HEADER + "a,coherence,cat\n", "line 2: it has not as many fields"),
        (HEADER + "a,coherence,cat,1,x,y\n", "line 2: it has not as many fields"),
        (HEADER + "a,coherence,cat,1,\na,coherence,dog,2,\n", "2 entities; permitted are 3"),
        (
            "rater,question,winner,loser\na,coherence,x,x\na,coherence,y,z\n",
            "line 2: 'x' is compared with itself",
        ),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, message: str):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_csv(write(tmp_path, text))


def test_missing_and_binary_files(tmp_path: Path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_csv(str(tmp_path / "nobody.csv"))
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="cannot be read"):
        read_csv(str(tmp_path / "b.csv"))
    (tmp_path / "x.eval").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="cannot be read as a log"):
        read_logs([str(tmp_path / "x.eval")])
    with pytest.raises(ValueError, match="no log was given"):
        read_logs([])


def test_metadata_by_hand():
    entries = [
        {"hm_survey": "intelligence", "hm_ranking": "2 0 1", "hm_missing": 0, "hm_invented": 2},
        {"hm_survey": "intelligence", "hm_ranking": "0 1", "hm_missing": 1},
        {"hm_survey": "intelligence", "hm_ranking": "", "hm_status": "unparsed", "hm_missing": 3},
        {"hm_survey": "coherence", "hm_pairs": "0>1 2>1"},
        {"hm_survey": "wisdom", "hm_ranking": "0 1 2"},
        {},
    ]
    votes = votes_of(entries, 3)
    np.testing.assert_allclose(votes["intelligence"].ranks, [[4 / 3, 8 / 3, 2], [2, 3, 1]])  # type: ignore[union-attr]
    assert votes["intelligence"].faults == {
        "unparsed": 1, "missing": 1, "doubled": 0, "invented": 2, "respelled": 0
    }  # fmt: skip
    assert isinstance(votes["coherence"], Duels) and votes["coherence"].wins.sum() == 2


DAMAGED = st.dictionaries(
    st.sampled_from(["hm_survey", "hm_ranking", "hm_pairs", "hm_missing", "hm_doubled", "hm_status"]),
    st.sampled_from(
        ["intelligence", "coherence", "0 1 2", "0 0", "7", "0>1", "1>1", ">", "x", 3, None, [1], -1]
    ),
)


@given(st.lists(DAMAGED, max_size=8))
def test_damaged_metadata_are_counted_and_never_raise(entries):
    votes = votes_of(entries, 3)
    for question, own in votes.items():
        asked = [entry for entry in entries if entry.get("hm_survey") == question]
        assert own.raters + own.faults["unparsed"] == len(asked)
