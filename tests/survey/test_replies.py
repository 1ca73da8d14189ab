import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.experiments.survey.entities import load_entities
from hotmess_inspect.experiments.survey.prompts import (
    MOST_PAIRS,
    pairs_for,
    pairs_prompt,
    persona,
    ranking_prompt,
    rater_number,
    shuffled,
)
from hotmess_inspect.experiments.survey.replies import read_comparisons, read_ranking

NAMES = ("A dog", "GPT-4", "The United Nations", "Albert Einstein")


def found(reply: str) -> tuple[tuple[int, ...], int, int, int, int]:
    r = read_ranking(reply, NAMES)
    return r.order, r.missing, r.doubled, r.invented, r.respelled


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<ranking>\nGPT-4\nA dog\nThe United Nations\nAlbert Einstein\n</ranking>", ((1, 0, 2, 3), 0, 0, 0, 0)),
        ("Sure!\n<RANKING>\n1. **GPT-4**\n2) a dog\n(3) United Nations\n4: albert einstein.\n", ((1, 0, 2, 3), 0, 0, 0, 0)),
        ("<ranking>\n- Dog - loyal\n- GPT4 (a model)\n* The United Nations: slow\n</ranking>", ((0, 1, 2), 1, 0, 0, 1)),
        ("<ranking>Albert Einstein > GPT-4 > A dog > The United Nations</ranking>", ((3, 1, 0, 2), 0, 0, 0, 0)),
        ("<ranking>Albert Einstein, GPT-4, A dog</ranking>", ((3, 1, 0), 1, 0, 0, 0)),
        ("<ranking>\nA dog\nA cat\nthe dog\nGPT-4\n</ranking>", ((0, 1), 2, 1, 1, 0)),
        ("<ranking>\nAlbert Einstien\nGPT-5\n</ranking>", ((3,), 3, 0, 1, 1)),
        ("Here you go:\n1. A dog\n2. GPT-4\nThat is all.", ((0, 1), 2, 0, 0, 0)),
        ("<ranking>\nno\n</ranking> again <ranking>\nA dog\n</ranking>", ((0,), 3, 0, 0, 0)),
        ("<ranking>\n...\n</ranking>", ((), 4, 0, 0, 0)),
        ("I would rather not rank living beings.", ((), 4, 0, 0, 0)),
        ("", ((), 4, 0, 0, 0)),
    ],
)  # fmt: skip
def test_rankings(reply, expected):
    assert found(reply) == expected


def test_half_of_the_list_is_needed():
    assert read_ranking("<ranking>\nA dog\nGPT-4\n</ranking>", NAMES).usable
    assert not read_ranking("<ranking>\nA dog\n</ranking>", NAMES).usable


@given(st.permutations(range(60)), st.randoms(use_true_random=False))
def test_any_order_is_read_back_in_any_dress(order, random):
    names = load_entities().names
    dress = [
        lambda n, name: name,
        lambda n, name: f"{n}. {name}",
        lambda n, name: f"- **{name}**",
        lambda n, name: f"{n}) {name.upper()} — because",
        lambda n, name: f"{n}: {name.lower()}",
    ]
    lines = [random.choice(dress)(n, names[i]) for n, i in enumerate(order, 1)]
    ranking = read_ranking("So:\n<ranking>\n" + "\n".join(lines) + "\n</ranking>", names)
    assert ranking.order == tuple(order)
    assert (ranking.missing, ranking.doubled, ranking.invented, ranking.respelled) == (0, 0, 0, 0)


@given(st.text(max_size=300))
def test_any_text_is_counted_and_never_raises(text):
    for reply in (text, f"<ranking>\n{text}"):
        ranking = read_ranking(reply, NAMES)
        assert len(set(ranking.order)) == len(ranking.order) == 4 - ranking.missing
    duels = read_comparisons(text, [(0, 1), (2, 3)])
    assert len(duels.won) == 2 - duels.missing


def test_comparisons():
    pairs = [(0, 1), (2, 3), (1, 2)]
    reply = "<pairs>\n1: A\n**2**: b\n3) C\n2: A\n9: A\nas said\n</pairs>"
    duels = read_comparisons(reply, pairs)
    assert duels.won == ((0, 1), (3, 2))
    assert (duels.missing, duels.doubled, duels.invented) == (1, 1, 2)
    assert duels.usable and not read_comparisons("1: A", pairs).usable


def test_raters_differ_and_the_groups_are_disjoint():
    asked = {q: [rater_number(q, e) for e in range(1, 31)] for q in ("intelligence", "coherence")}
    assert not set(asked["intelligence"]) & set(asked["coherence"])
    raters = asked["intelligence"] + asked["coherence"]
    assert len({persona(r, 0) for r in raters}) == 60
    assert persona(0, 0) != persona(0, 1) and persona(3, 0) == persona(3, 0)
    orders = {tuple(shuffled(60, r, 0)) for r in raters}
    assert len(orders) == 60 and all(sorted(order) == list(range(60)) for order in orders)


@given(st.integers(3, 40), st.integers(1, MOST_PAIRS), st.integers(0, 50))
def test_pairs_are_spread_evenly_over_the_entities(count, pairs, rater):
    asked = pairs_for(count, pairs, rater, 0)
    assert len(asked) == pairs and all(one != other for one, other in asked)
    times = [sum(entity in pair for pair in asked) for entity in range(count)]
    assert max(times) - min(times) <= 2
    if pairs >= count:  # a full round connects everybody
        reached, grown = {0}, True
        while grown:
            more = {b for a, b in asked + [p[::-1] for p in asked] if a in reached}
            grown = not more <= reached
            reached |= more
        assert len(reached) == count


def test_prompts_hold_every_name_and_the_question():
    text = ranking_prompt("coherence", NAMES, [2, 0, 3, 1], "You are you.\n\n")
    assert text.index("United Nations") < text.index("- A dog") < text.index("Einstein") < text.index("GPT-4")
    assert "most coherent to the least coherent" in text and text.startswith("You are you.")
    assert "1. A: GPT-4 | B: A dog" in pairs_prompt("intelligence", NAMES, [(1, 0)], "")
