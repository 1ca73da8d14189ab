"""What a right score is survives the run: live, from the log, through the suite, the repeat scorer and the reducer."""

import json
import math
from contextvars import copy_context
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Epochs, Task, eval, score, task
from inspect_ai._cli.main import inspect
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState

from hotmess_inspect.cli import COMMANDS, main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.annotate import annotate_log
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.reducer import decomposition
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.plugin.suite_scorers import described
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.schema import Scale
from hotmess_inspect.tasks.suite import suite

SHARES = {"a": [0.0, 1.0, 0.25, 1.0], "b": [1.0, 1.0, 1.0, 0.5], "c": [0.0, 0.0, 0.0, 0.75]}
"""How right each epoch of each question is, from 0 to 1."""
OPTIONS: dict[str, dict[str, Any]] = {
    "zero": {"perfect": 0},
    "one": {"perfect": 1},
    "ten": {"perfect": 10},
    "to_five": {"range": [1, 5]},
    "golf": {"range": [10, 0]},
    "negative": {"range": [-2, 3]},
}
ENDS = {
    "zero": (1, 0),
    "one": (0, 1),
    "ten": (0, 10),
    "to_five": (1, 5),
    "golf": (10, 0),
    "negative": (-2, 3),
}
SHAPES = ("scalar", "one_key", "two")


def by_hand(shares: list[list[float]]) -> dict[str, float]:
    """Unbiased decomposition of squared distances to 1, in plain Python."""
    errors, variances = [], []
    for given in shares:
        middle = sum(given) / len(given)
        errors.append(sum((1 - s) ** 2 for s in given) / len(given))
        variances.append(sum((s - middle) ** 2 for s in given) / (len(given) - 1))
    count = len(shares)
    return {
        "error": sum(errors) / count,
        "variance": sum(variances) / count,
        "bias_squared": (sum(errors) - sum(variances)) / count,
        "incoherence": sum(variances) / sum(errors),
        "accuracy": sum(sum(given) / len(given) for given in shares) / count,
    }


WANTED = by_hand(list(SHARES.values()))
OTHER_KEY = by_hand([[0.5] * 4] * 3)


def theirs(name: str, shape: str, *metrics: Any) -> Scorer:
    """Somebody's scorer on a scale of its own, of numbers, or of dictionaries of one or two keys."""
    wrong, right = ENDS[name]

    @scorer(metrics=[mean(), *metrics], name=f"{name}_{shape}")
    def made() -> Scorer:
        async def judge(state: TaskState, target: Target) -> Score:
            value = wrong + SHARES[str(state.sample_id)][state.epoch - 1] * (right - wrong)
            keys = {"k": value} | ({"m": (wrong + right) / 2} if shape == "two" else {})
            return Score(value=value if shape == "scalar" else keys)

        return judge

    return made()


def run(made: Task, folder: Path) -> EvalLog:
    log = eval(made, model="hotmess/simulated", log_dir=str(folder), display="none", log_realtime=False)[0]
    assert log.status == "success", log.error
    return log


def the_task(scorers: list[Scorer]) -> Task:
    samples = [Sample(input="?", target="", id=name) for name in SHARES]
    return Task(dataset=samples, scorer=scorers, epochs=Epochs(4, ["mean", "hotmess/decomposition"]))


def live(log: EvalLog, name: str) -> dict[str, float]:
    """The metric's results of one score."""
    assert log.results is not None
    for row in log.results.scores:
        if row.name == name and any(key.startswith("error") for key in row.metrics):
            return {key: metric.value for key, metric in row.metrics.items()}
    raise AssertionError(f"no results of the metric for {name}")


def later(log: EvalLog | str, *, scale: Scale | None = None) -> dict[str, dict[str, float]]:
    found = read_inputs([log if isinstance(log, str) else log.location], scale=scale)
    results = analyze(found.outcomes, Options(resamples=1))[0]
    return {str(r.group.scorer): {name: r.as_json()[name] for name in WANTED} for r in results}


def check(numbers: dict[str, float], wanted: dict[str, float] = WANTED, suffix: str = "") -> None:
    for name, number in wanted.items():
        assert numbers[name + suffix] == pytest.approx(number, abs=1e-12), (name, numbers)


@pytest.fixture(scope="module")
def their_log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """A metric for each scale on somebody's scorers, all in one run."""
    scorers = [theirs(name, shape, incoherence(**OPTIONS[name])) for name in OPTIONS for shape in SHAPES]
    return run(the_task(scorers), tmp_path_factory.mktemp("theirs"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OPTIONS)
def test_a_metric_on_somebodys_scorer(their_log: EvalLog, name: str, shape: str) -> None:
    own = f"{name}_{shape}"
    found, offline = live(their_log, own), later(their_log)
    check(found, suffix="_k" if shape == "two" else "")
    check(offline[own if shape == "scalar" else f"{own}/k"])
    if shape == "two":
        check(found, OTHER_KEY, "_m")
        check(offline[f"{own}/m"], OTHER_KEY)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_suite_its_reducer_and_a_repeated_score(name: str, tmp_path: Path) -> None:
    @task(name=f"of_{name}")
    def their_task() -> Task:
        return the_task([theirs(name, shape) for shape in ("scalar", "one_key")])

    options = {key: ",".join(map(str, v)) if isinstance(v, list) else v for key, v in OPTIONS[name].items()}
    log = run(suite(task=f"of_{name}", **options), tmp_path)
    offline = later(log)
    for own, read in ((f"{name}_scalar", f"{name}_scalar"), (f"{name}_one_key", f"{name}_one_key/k")):
        check(live(log, own))
        check(offline[read])
    # The reducer has a question at a time.
    whole = read_eval_log(log.location)
    reductions = [
        r
        for r in whole.reductions or []
        if r.scorer == f"{name}_scalar" and str(r.reducer).endswith("decomposition")
    ]
    assert len(reductions) == 1
    for sample in reductions[0].samples:
        hand = by_hand([SHARES[str(sample.sample_id)]])
        assert sample.metadata is not None
        for term in ("error", "bias_squared", "variance"):
            assert sample.metadata[term] == pytest.approx(hand[term], abs=1e-12)
    # The scale stands with the scores, so that what repeats them needs not be told.
    for shape in ("scalar", "one_key"):
        again = score(whole, repeat(source=f"{name}_{shape}"), action="append", display="none")
        check(live(again, "repeat"))
        path = str(tmp_path / f"repeated_{shape}.eval")
        write_eval_log(again, path)
        check(later(path)["repeat"])


@pytest.mark.parametrize("name", OPTIONS)
def test_our_scorer_and_a_repeated_score_that_is_told(name: str, tmp_path: Path) -> None:
    scale = Scale(*ENDS[name])
    ours = described(theirs(name, "scalar"), incoherence(), scale=scale)
    log = run(the_task([ours]), tmp_path)
    check(live(log, f"{name}_scalar"))
    check(later(log)[f"{name}_scalar"])
    bare = run(the_task([theirs(name, "scalar")]), tmp_path)
    check(live(score(bare, repeat(**OPTIONS[name]), action="append", display="none"), "repeat"))
    # A log that says nothing is told by the command.
    check(later(bare, scale=scale)[f"{name}_scalar"])


def test_harm_as_in_a_suite_of_safety(tmp_path: Path) -> None:
    """A score {harmful: 1} in one epoch of four, where 0 is right: error ¼, variance ¼, accuracy ¾."""

    @scorer(metrics=[mean(), incoherence(key="harmful", perfect=0), incoherence(key="grade", perfect=10)])
    def judge() -> Scorer:
        async def judged(state: TaskState, target: Target) -> Score:
            return Score(value={"harmful": float(state.epoch == 1), "grade": 10 if state.epoch > 1 else 0})

        return judged

    offline = later(run(the_task([judge()]), tmp_path))
    for key in ("harmful", "grade"):
        wanted = {"error": 0.25, "variance": 0.25, "bias_squared": 0, "incoherence": 1, "accuracy": 0.75}
        assert offline[f"judge/{key}"] == pytest.approx(wanted)


def test_annotate_writes_what_the_log_says_is_right(their_log: EvalLog, tmp_path: Path) -> None:
    path = str(tmp_path / "annotated.eval")
    annotate_log(their_log.location, path, scorer="zero_scalar")
    for sample in read_eval_log(path).samples or []:
        assert sample.scores is not None
        value = sample.scores["hotmess_question"].value
        assert isinstance(value, dict)
        hand = by_hand([SHARES[str(sample.id)]])
        assert value["error"] == pytest.approx(round(hand["error"], 4), abs=1e-12)
        assert value["share_correct"] == pytest.approx(round(hand["accuracy"], 4), abs=1e-12)


def test_every_command_that_reads_logs_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "golf.csv"
    rows = [
        f"{q},{e},{10 - 10 * share}\n" for q, shares in SHARES.items() for e, share in enumerate(shares, 1)
    ]
    path.write_text("question_id,epoch,score\n" + "".join(rows))

    def invoke(name: str, *arguments: str) -> Any:
        done = CliRunner().invoke(main, [name, *arguments, "--range", "10", "0"])
        return json.loads(done.stdout) if "--json" in arguments else done

    check(invoke("analyze", str(path), "--json")["groups"][0])
    compared = invoke("compare", str(path), str(path), "--json")["comparisons"]
    assert compared
    assert all(c["difference"] == 0 for c in compared)
    plan = invoke("plan", str(path), "--json", "--quantity", "error")["plans"][0]
    assert plan["value"] == pytest.approx(WANTED["error"])
    gate = invoke("gate", str(path), "--against", str(path), "--json")
    assert [c["quantity"] for c in gate["checks"]] == ["accuracy", "error", "variance"]
    assert invoke("report", str(path), "-o", str(tmp_path / "report.html")).exit_code == 0
    for name in ("annotate", "diverge", "export", "fork", "horizon"):
        options = {
            text for option in getattr(import_module(COMMANDS[name][0]), name).params for text in option.opts
        }
        assert {"--range", "--perfect"} <= options, name


def test_exported_and_read_again(their_log: EvalLog, tmp_path: Path) -> None:
    """A table has no header that could state a scale: its scores are those from 0 to 1."""
    for ending in ("csv", "parquet"):
        path = str(tmp_path / f"epochs.{ending}")
        done = CliRunner().invoke(main, ["export", their_log.location, "-o", path])
        assert done.exit_code == 0, done.output
        found = later(path)
        for name in OPTIONS:
            check(found[f"{name}_scalar"])
            check(found[f"{name}_one_key/k"])
            check(found[f"{name}_two/k"])
            check(found[f"{name}_two/m"], OTHER_KEY)


def test_the_report_shows_what_the_log_says_is_right(their_log: EvalLog, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    done = CliRunner().invoke(main, ["report", their_log.location, "-o", str(path)])
    assert done.exit_code == 0, done.output
    # Six scales, three shapes; the second key of the third is always halfway.
    text = path.read_text()
    for number in ("accuracy", "error", "bias_squared", "variance"):
        assert text.count(f">{WANTED[number]:.4f}<") >= 18, number


@pytest.mark.parametrize("name", ["zero", "ten", "to_five"])
def test_scored_again_by_the_command_line(name: str, tmp_path: Path) -> None:
    """`inspect score` with our scorer, told the scale, on a log whose own scorer says nothing."""
    log = run(the_task([theirs(name, "scalar")]), tmp_path)
    path = str(tmp_path / "again.eval")
    ((key, value),) = OPTIONS[name].items()
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    words = ["score", log.location, "--scorer", "hotmess/repeat", "-S", f"{key}={text}", "--action", "append"]
    done = copy_context().run(
        CliRunner().invoke, inspect, [*words, "--output-file", path, "--display", "none"]
    )
    assert done.exit_code == 0, done.output
    check(live(read_eval_log(path), "repeat"))
    check(later(path)["repeat"])


def test_the_reducer_says_what_it_measured(their_log: EvalLog) -> None:
    """Of a metric's option it knows nothing; what stands with the scores it uses, for one key and for all."""
    values = [Score(value={"k": 10.0 * v, "m": 5.0}, metadata={"hm_range": [0, 10]}) for v in SHARES["a"]]
    told = decomposition()(values).metadata
    hand = by_hand([SHARES["a"]])
    assert told is not None and told["variance"] == pytest.approx({"k": hand["variance"], "m": 0.0})
    assert told["error"] == pytest.approx({"k": hand["error"], "m": 0.25})
    assert told["quantity"]["k"] == "squared distance of the scores to 10, as a share of the range from 0"
    turned = decomposition()(
        [Score(value=1 - v, metadata={"hm_range": [1, 0]}) for v in SHARES["a"]]
    ).metadata
    assert turned is not None and turned["error"] == pytest.approx(hand["error"])
    assert turned["quantity"] == "squared distance of the scores to 0, as a share of the range from 1"
    # Without a scale, numbers beyond 1 are no verdicts: nothing is said of them.
    bare = decomposition()([Score(value=10.0 * v) for v in SHARES["a"]]).metadata
    assert bare is not None and bare["error"] is None and bare["epochs_unscored"] == 4


@pytest.mark.parametrize(("name", "value"), [("perfect", math.inf), ("range", [1]), ("range", [2, 2])])
def test_a_scale_that_is_none(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"perfect|range"):
        incoherence(**{name: value})
    with pytest.raises(ValueError, match="exclude each other"):
        incoherence(perfect=1, range=[0, 1])


def test_what_the_metric_states_goes_before_what_the_scorer_wrote(tmp_path: Path) -> None:
    ours = described(theirs("ten", "scalar"), incoherence(perfect=10), scale=Scale(0, 5))
    log = run(the_task([ours]), tmp_path)
    check(live(log, "ten_scalar"))
    check(later(log)["ten_scalar"])
    # And the command before both: as shares of 20 the scores are half as right.
    halved = by_hand([[share / 2 for share in shares] for shares in SHARES.values()])
    check(later(log, scale=Scale(0, 20))["ten_scalar"], halved)


def test_scores_outside_of_a_stated_range_are_left_out_live_and_later(tmp_path: Path) -> None:
    log = run(the_task([theirs("ten", "scalar", incoherence(perfect=5))]), tmp_path)
    assert live(log, "ten_scalar")["epochs_unscored"] == 12
    found = read_inputs([log.location])
    assert any("outside of the range from 0 to 5 as the log says" in p.message for p in found.problems)
    assert not analyze(found.outcomes, Options(resamples=1))[0]


def test_one_scorer_twice_on_two_scales(tmp_path: Path) -> None:
    def made(name: str) -> Scorer:
        wrong, right = ENDS[name]

        @scorer(metrics=[mean(), incoherence(**OPTIONS[name])], name="twice")
        def same() -> Scorer:
            async def judge(state: TaskState, target: Target) -> Score:
                return Score(value=wrong + SHARES[str(state.sample_id)][state.epoch - 1] * (right - wrong))

            return judge

        return same()

    log = run(the_task([made("golf"), made("to_five")]), tmp_path)
    offline = later(log)
    for own in ("twice", "twice1"):
        check(live(log, own))
        check(offline[own])


def test_a_repeated_score_that_was_not_told_is_warned_of(tmp_path: Path) -> None:
    """A metric's option is not seen by a scorer that repeats what stands in the log: that its scale is missing is said."""
    log = run(the_task([theirs("zero", "scalar", incoherence(perfect=0))]), tmp_path)
    path = str(tmp_path / "again.eval")
    write_eval_log(score(log, repeat(), action="append", display="none"), path)
    said = [p.message for p in read_inputs([path]).problems if p.level == "warning"]
    assert any("the scale of zero_scalar (wrong 1, right 0) is its metric's" in text for text in said)
    check(later(path, scale=Scale(1, 0))["repeat"])
