import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hotmess_inspect.experiments.survey.entities import CATEGORIES, Entities, load_entities, make_entities
from hotmess_inspect.experiments.survey.prompts import pairs_for, pairs_prompt, ranking_prompt, shuffled
from hotmess_inspect.experiments.survey.replies import read_comparisons, read_ranking
from hotmess_inspect.experiments.survey.study import point_correlations, survey_study
from hotmess_inspect.experiments.survey.tables import write_tables
from hotmess_inspect.experiments.survey.votes import Duels, Rankings
from hotmess_inspect.simulated.distribution import SimulatedArguments
from hotmess_inspect.simulated.rankings import ballot_text, planted_scores, read_ballot

LISTED = load_entities()


def planted_rho(arguments: SimulatedArguments, names: tuple[str, ...] = LISTED.names) -> float:
    """Spearman's ρ of what was planted in these entities, without any rater's noise."""
    return float(
        stats.spearmanr(
            planted_scores("intelligence", names, arguments), -planted_scores("coherence", names, arguments)
        ).statistic
    )


def simulated(arguments: SimulatedArguments, raters: int, *, pairs: int = 0) -> dict[str, Rankings | Duels]:
    votes: dict[str, Rankings | Duels] = {}
    for part, question in enumerate(("intelligence", "coherence")):
        replies = []
        for rater in range(raters):
            rng = np.random.default_rng([7, part, rater])
            asked = pairs_for(len(LISTED), pairs, 2 * rater + part, 0)
            prompt = (
                pairs_prompt(question, LISTED.names, asked, "")
                if pairs
                else ranking_prompt(question, LISTED.names, shuffled(len(LISTED), 2 * rater + part, 0), "")
            )
            ballot = read_ballot(prompt)
            assert ballot is not None and ballot.question == question
            text = ballot_text(ballot, arguments, rng)
            replies.append(
                read_comparisons(text, asked).won if pairs else read_ranking(text, LISTED.names).order
            )
        votes[question] = (
            Duels.from_pairs(replies, len(LISTED)) if pairs else Rankings.from_orders(replies, len(LISTED))
        )
    return votes


def test_by_hand():
    # Two raters a question, four entities. Intelligence: 1 2 3 4 and 2 1 3 4 → 1.5 1.5 3 4. Coherence: 4 3 2 1
    # twice → incoherence 5 - rank = 1 2 3 4.
    entities = make_entities([("a", "x"), ("b", "x"), ("c", "x"), ("d", "y")], "here")
    votes = {
        "intelligence": Rankings.from_orders([[0, 1, 2, 3], [1, 0, 2, 3]], 4),
        "coherence": Rankings.from_orders([[3, 2, 1, 0]] * 2, 4),
    }
    found = survey_study(entities, votes, resamples=200)
    np.testing.assert_allclose(found.intelligence, [1.5, 1.5, 3, 4])
    np.testing.assert_allclose(found.incoherence, [1, 2, 3, 4])
    np.testing.assert_allclose(found.intelligence_error, [0.5, 0.5, 0, 0])
    # Ranks 1.5 1.5 3 4 against 1 2 3 4: deviations -1, -1, .5, 1.5 and -1.5, -.5, .5, 1.5; 4.5 / √(4.5 · 5).
    assert found.correlation.value == pytest.approx(4.5 / np.sqrt(22.5))
    # Rank sums 3 3 6 8, mean 5: S = 4 + 4 + 1 + 9 = 18; W = 12 · 18 / (4 · 60).
    assert found.agreement["intelligence"] == pytest.approx(0.9)
    assert found.agreement["coherence"] == pytest.approx(1.0)
    assert np.isnan(found.by_category["y"].value) and "fewer than 3" in found.by_category["y"].note
    assert found.by_category["x"].entities == 3


@pytest.mark.parametrize("rho", [0.65, -0.4, 0.0])
def test_planted_correlations_come_out_of_rankings(rho):
    arguments = SimulatedArguments(ranking_correlation=rho, ranking_noise=0.5, ranking_faults=0.03)
    found = survey_study(LISTED, simulated(arguments, 20), resamples=500)
    truth = planted_rho(arguments)
    low, high = found.correlation.both
    assert low < truth < high and abs(found.correlation.value - truth) < 0.1
    assert low < rho < high + 0.1
    planted = stats.rankdata(-planted_scores("intelligence", LISTED.names, arguments))
    assert stats.spearmanr(found.intelligence, planted).statistic > 0.97
    incoherent = stats.rankdata(planted_scores("coherence", LISTED.names, arguments))
    assert stats.spearmanr(found.incoherence, incoherent).statistic > 0.97
    for category, part in found.by_category.items():
        chosen = [i for i, name in enumerate(LISTED.categories) if name == category]
        own = planted_rho(arguments, tuple(LISTED.names[i] for i in chosen))
        assert part.entities == 15 and part.both[0] - 0.05 <= own <= part.both[1] + 0.05


def test_planted_correlations_come_out_of_pairs():
    arguments = SimulatedArguments(ranking_correlation=0.65, ranking_noise=0.3)
    found = survey_study(LISTED, simulated(arguments, 15, pairs=60), resamples=60)
    truth = planted_rho(arguments)
    assert found.correlation.both[0] < truth < found.correlation.both[1]
    planted = stats.rankdata(-planted_scores("intelligence", LISTED.names, arguments))
    assert stats.spearmanr(found.intelligence, planted).statistic > 0.93
    assert np.isnan(found.agreement["intelligence"]) and (found.intelligence_error > 0).any()


def test_noise_lowers_agreement_and_faults_are_nothing_lost():
    calm, loud = (simulated(SimulatedArguments(ranking_noise=noise), 8) for noise in (0.2, 2.0))
    assert calm["coherence"].agreement() > 0.9 > 0.5 > loud["coherence"].agreement()
    # Without noise every rater gives the planted order.
    exact = simulated(SimulatedArguments(ranking_noise=0.0), 3)
    planted = stats.rankdata(-planted_scores("coherence", LISTED.names, SimulatedArguments()))
    np.testing.assert_array_equal(exact["coherence"].means(), planted)


def test_the_order_of_raters_and_entities_changes_no_bit():
    rng = np.random.default_rng(2)
    orders = [rng.permutation(9).tolist() for _ in range(6)]
    entities = Entities(tuple("abcdefghi"), ("x",) * 5 + ("y",) * 4)

    def study(first: list[list[int]], second: list[list[int]]) -> str:
        votes = {
            "intelligence": Rankings.from_orders(first, 9),
            "coherence": Rankings.from_orders(second, 9),
        }
        return json.dumps(survey_study(entities, votes, resamples=100, seed=3).as_json())

    assert study(orders[:3], orders[3:]) == study(orders[2::-1], orders[:2:-1])
    pairs = [[(0, 1), (1, 2)], [(2, 0), (0, 3)]]
    np.testing.assert_array_equal(
        Duels.from_pairs(pairs, 4).wins, Duels.from_pairs([own[::-1] for own in pairs[::-1]], 4).wins
    )


def test_intervals_cover_what_they_promise():
    # 200 worlds: entities from the planted population, raters anew; ρ of the population by its closed form.
    rng, rho, inside = np.random.default_rng(5), 0.6, 0
    population = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's ρ of a bivariate normal distribution
    names = tuple(f"e{i:02d}" for i in range(40))
    worlds = 200
    for _ in range(worlds):
        z = rng.standard_normal((2, 40))
        scores = z[0], -(rho * z[0] + np.sqrt(1 - rho**2) * z[1])
        votes = {
            question: Rankings.from_orders(
                [np.argsort(-(own + 0.3 * rng.standard_normal(40))).tolist() for _ in range(12)], 40
            )
            for question, own in zip(("intelligence", "coherence"), scores, strict=True)
        }
        low, high = survey_study(Entities(names, ("",) * 40), votes, resamples=300).correlation.both
        inside += low < population < high
    # Nominal 95 %; four standard errors of a share over 200 worlds, and two points for the percentile method.
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / worlds) - 0.02 <= inside / worlds <= 1


def test_what_cannot_be_computed_says_so():
    entities = Entities(("a", "b", "c"), ("", "", ""))
    one = Rankings.from_orders([[0, 1, 2]], 3)
    with pytest.raises(ValueError, match="nobody ranked coherence"):
        survey_study(entities, {"intelligence": one, "coherence": Rankings.from_orders([], 3)})
    found = survey_study(entities, {"intelligence": one, "coherence": one}, resamples=50)
    assert found.correlation.value == -1.0  # most intelligent, most coherent
    assert np.isnan(found.correlation.raters).all() and "one rater of" in found.correlation.note
    assert np.isnan(found.intelligence_error).all()
    tied = Rankings(np.full((2, 3), 2.0))
    assert (
        "share one mean rank"
        in survey_study(entities, {"intelligence": tied, "coherence": one}, resamples=5).correlation.note
    )
    assert point_correlations(entities, {"intelligence": one, "coherence": one}) == {"": -1.0}


def test_the_bundled_list():
    assert len(LISTED) == 60 and set(LISTED.categories) == set(CATEGORIES)
    assert all(LISTED.categories.count(category) == 15 for category in CATEGORIES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", ""), ("b", "")], "2 entities; permitted are 3 to 200"),
        ([("The dog", ""), ("dog", ""), ("c", "")], "'dog' and 'The dog' are one entity"),
        ([("!", ""), ("b", ""), ("c", "")], "'!' is no name"),
    ],
)
def test_lists_are_checked(rows, message):
    with pytest.raises(ValueError, match=message):
        make_entities(rows, "here")


def test_files(tmp_path: Path):
    entities = make_entities([("=cmd()", ""), ("b", "x"), ("c", "x")], "here")
    one = Rankings.from_orders([[0, 1, 2], [1, 0, 2]], 3)
    files = write_tables(
        survey_study(entities, {"intelligence": one, "coherence": one}, resamples=20), tmp_path
    )
    assert [file.name for file in files] == ["survey.json", "survey.csv"]
    assert "\n'=cmd()," in files[1].read_text()
    stored = json.loads(files[0].read_text())
    assert stored["published_spearman"] == 0.65 and stored["schema"] == 1 and len(stored["entities"]) == 3


def test_the_figure_is_drawn_and_is_the_same_every_time(tmp_path: Path):
    pytest.importorskip("matplotlib")
    from hotmess_inspect.experiments.survey.figure import save_figure

    entities = make_entities(
        [("costs $5 and $x^", "model"), ("b", "human"), ("c", "of my own"), ("d", "")], "here"
    )
    one = Rankings.from_orders([[0, 1, 2, 3], [1, 0, 2, 3]], 4)
    found = survey_study(entities, {"intelligence": one, "coherence": one}, resamples=20)
    png, svg = save_figure(found, tmp_path / "a")
    assert png.read_bytes()[:4] == b"\x89PNG" and png.stat().st_size > 10_000
    text = svg.read_text()
    for shown in ("of my own", "machine-learning models", "costs $5 and $x^", "published ρ ≈ 0.65"):
        assert shown in text
    again = save_figure(found, tmp_path / "b")
    assert [file.read_bytes() for file in again] == [png.read_bytes(), svg.read_bytes()]
