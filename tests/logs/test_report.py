"""The page: its numbers without scripts, its escapes, its links, and that nothing comes from outside."""

import base64
import csv
import html
import io
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log

from hotmess_inspect.cli import main
from hotmess_inspect.demo import demo_log
from hotmess_inspect.io.logs import LogInfo, read_inputs
from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report import ReportOptions, report_html
from hotmess_inspect.render.report.figures import distribution_drawing
from hotmess_inspect.render.report.html import interval, number
from hotmess_inspect.render.report.reading import Links
from hotmess_inspect.render.report.sections import comparison_section
from hotmess_inspect.render.text import csv_cell, plain
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.compare import compare
from hotmess_inspect.results.questions import question_numbers
from hotmess_inspect.table import outcomes_from_arrays
from hotmess_inspect.words import p_word

FAST = Options(losses=("brier",), resamples=20)
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>$x^2$\x1b[31m&amp;"


class Page(HTMLParser):
    """Collects elements, attributes and the text of table cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "td":
            self._in_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data


def table(path: Path, **texts: str) -> Path:
    """Answers of two models with lengths, in which any text can be put."""
    names = {"model": "m", "task": "t", "question": "q", "wrong": "B"} | texts
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question_id", "epoch", "answer", "target", "model", "task", "length"])
        for number in range(8):
            for epoch in range(6):
                answer = "A" if (number * epoch) % 3 == 0 else names["wrong"]
                writer.writerow(
                    [
                        f"{names['question']}{number}",
                        epoch,
                        answer,
                        "A",
                        names["model"],
                        names["task"],
                        3 + number * epoch,
                    ]
                )
    return path


def page(path: Path, **options: object) -> str:
    return report_html(read_inputs([str(path)]), ReportOptions(analysis=FAST, **options))[0]  # type: ignore[arg-type]


def test_the_page_shows_the_numbers_of_analyze(tmp_path: Path, plain_page: str) -> None:
    path = table(tmp_path / "a.csv")
    shown = Page(plain_page).cells
    groups = json.loads(
        CliRunner()
        .invoke(main, ["analyze", str(path), "--json", "--loss", "brier", "--resamples", "20"])
        .stdout
    )["groups"]
    for group in groups:
        for key in ("accuracy", "error", "bias_squared", "variance"):
            assert f"{group[key]:.4f}" in shown
        assert f"{group['length_slope']['slope']:.3f}" in shown
        assert f"{group['overthinking']['difference']:+.3f}" in shown
        assert f"{group['incoherence']:.3f}" in shown
        for companion in ("excess", "position"):
            slope = (group["length_slope"][companion] or {}).get("slope")
            assert slope is None or f"{slope:.3f}" in shown


def test_reliability_stands_on_the_page_as_analyze_has_it(tmp_path: Path, plain_page: str) -> None:
    command = ["analyze", str(table(tmp_path / "a.csv")), "--json", "--loss", "brier", "--resamples", "20"]
    groups = json.loads(CliRunner().invoke(main, command).stdout)["groups"]
    assert "<h2>Reliability of single epochs</h2>" in plain_page
    assert 'id="epochs-reliability"' in plain_page
    shown = Page(plain_page).cells
    for group in groups:
        # The figure's data: every k, measured and extrapolated.
        for rate in group["pass_hat_k"]:
            assert f"{rate['value']:.4g}" in shown
        assert f"ICC(1) {group['icc']['value']:.3f}" in plain_page
        assert (
            f"questions both right and wrong over their epochs: {group['flip_rate']['value']:.1%}"
            in plain_page
        )
        floor = 100 * group["noise_floor"]["value"]
        assert f"differ in accuracy by up to {floor:.1f} points" in plain_page


@pytest.fixture(scope="module")
def plain_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page about harmless names."""
    return page(table(tmp_path_factory.mktemp("page") / "a.csv"))


def test_nothing_comes_from_outside_and_nothing_runs(plain_page: str) -> None:
    parsed = Page(plain_page)
    assert "script" not in parsed.tags
    assert not {"link", "iframe", "object", "embed", "form"} & set(parsed.tags)
    for tag, name, value in parsed.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href") and tag not in ("a",):
            assert value.startswith(("#", "data:")), (tag, name, value)
    policy = next(value for tag, name, value in parsed.attributes if tag == "meta" and "default-src" in value)
    assert "default-src 'none'" in policy


def test_text_of_logs_is_only_shown(tmp_path: Path, plain_page: str) -> None:
    everywhere = {"model": EVIL, "task": EVIL, "question": EVIL, "wrong": EVIL}
    text = page(table(tmp_path / "a.csv", **everywhere))
    plainly, hostile = Page(plain_page), Page(text)
    assert sorted(set(plainly.tags)) == sorted(set(hostile.tags))
    assert not [name for _, name, _ in hostile.attributes if name.startswith("on")]
    shown = "".join(hostile.cells)
    assert "\x1b" not in text
    assert shown.count("<script>alert(1)</script>") >= 4


def test_every_figure_comes_as_svg_png_and_data(plain_page: str) -> None:
    text = plain_page
    for name in ("plane", "length", "overthinking", "ensembling", "distribution"):
        assert f'id="brier-unbiased-{name}"' in text
    assert text.count('href="data:image/svg+xml;base64,') == text.count("<figure ")
    assert text.count('href="data:image/png;base64,') == text.count("<figure ")
    assert text.count('href="data:text/csv;base64,') == text.count("<figure ")
    assert "mathdefault" not in text


def test_the_same_inputs_give_the_same_page(tmp_path: Path, plain_page: str) -> None:
    assert page(table(tmp_path / "a.csv")) == plain_page


def test_links_lead_to_the_sample(letters_log: Path) -> None:
    text = page(letters_log, viewer="http://localhost:9/")
    links = re.findall(r'href="(http://localhost:9/[^"]*)"', text)
    assert f"http://localhost:9/#/logs/{letters_log.name}/samples/sample/q0/1/" in links
    assert f"inspect view --log-dir {letters_log.parent}" in text


def test_every_epoch_has_its_link_and_mark(letters_log: Path) -> None:
    text = page(letters_log, viewer="http://localhost:9/")
    # q0 answers A B A, q1 A C D, with A right.
    for question, marks in (("q0", "✓✗✓"), ("q1", "✓✗✗")):
        for epoch, mark in enumerate(marks, start=1):
            address = f"http://localhost:9/#/logs/{letters_log.name}/samples/sample/{question}/{epoch}/"
            assert f'<a href="{address}" rel="noreferrer">{epoch}{mark}</a>' in text


def test_links_into_a_bucket_and_into_none() -> None:
    def log(path: str) -> LogInfo:
        return LogInfo(path, "t", "m", "id", "now", "success")

    paths = ["s3://bucket/runs/a b.eval", "s3://bucket/runs/more/c.eval"]
    links = Links("http://h", [log(path) for path in paths])
    assert links.folder == "s3://bucket/runs"
    assert links.sample(paths[0], "q/1", 2) == "http://h/#/logs/a%20b.eval/samples/sample/q%2F1/2/"
    assert links.sample(paths[1], "q", 1) == "http://h/#/logs/more/c.eval/samples/sample/q/1/"
    assert links.sample("elsewhere.eval", "q", 1) is None
    # A bucket and a disk, or two schemes, share no folder; the page then shows epochs without links.
    assert Links("http://h", [log(paths[0]), log("/tmp/x.eval")]).folder is None
    assert Links("http://h", []).sample(paths[0], "q", 1) is None


def test_models_stand_side_by_side(tmp_path: Path) -> None:
    one, two = table(tmp_path / "1.csv"), table(tmp_path / "2.csv", model="n", wrong="C")
    found = read_inputs([str(one), str(two)])
    text = report_html(found, ReportOptions(analysis=FAST))[0]
    assert "Side by side" in text
    assert "Side by side" not in report_html(read_inputs([str(one)]), ReportOptions(analysis=FAST))[0]
    results, _ = analyze(found.outcomes, FAST)
    both = compare(results[1], results[0])
    # The two differ in the name of the wrong answer only, which changes no term.
    assert both.questions == 8
    assert {name: d.estimate for name, d in both.differences.items()} == pytest.approx(
        dict.fromkeys(
            ("accuracy", "error", "bias_squared", "variance", "pass_hat_6", "incoherence", "overthinking"),
            0.0,
        )
    )


def test_comparisons_pair_the_questions_that_both_have(tmp_path: Path) -> None:
    outcomes = read_inputs(
        [str(table(tmp_path / "1.csv")), str(table(tmp_path / "2.csv", model="n"))]
    ).outcomes
    few = outcomes.take(~(outcomes.model.equals("n") & outcomes.question.equals("q1")))
    first, second = analyze(few, FAST)[0]
    both = compare(second, first)
    assert both.questions == 7
    assert both.differences["error"].estimate == pytest.approx(0)


def models(path: Path, rates: list[float], target: str = "A") -> Path:
    """Models that are right with a probability each on 30 questions in 6 epochs."""
    rng = np.random.default_rng(0)
    lines = ["model,question_id,epoch,answer,target"]
    for model, rate in enumerate(rates):
        for question in range(30):
            for epoch in range(6):
                answer = "A" if rng.random() < rate else "BC"[int(rng.integers(2))]
                lines.append(f"model-{model},q{question},{epoch},{answer},{target}")
    path.write_text("\n".join(lines))
    return path


def side_by_side(*paths: Path) -> tuple[str, list[GroupResult]]:
    results = analyze(read_inputs(list(map(str, paths))).outcomes, FAST)[0]
    labels = [label_of(one, results) for one in results]
    return comparison_section(results, dict(zip(labels, "ABCDE", strict=False))), results


@pytest.mark.parametrize("count", [3, 5])
def test_every_group_is_compared_with_every_other(tmp_path: Path, count: int) -> None:
    rates = [0.2, 0.25, 0.6, 0.62, 0.9][:count]
    section, results = side_by_side(models(tmp_path / "t.csv", rates))
    rows = re.findall(r"<tr role=row><td role=cell>([A-Z]) − ([A-Z])</td>(.*?)</tr>", section)
    names = "ABCDE"[:count]
    assert [(first, second) for first, second, _ in rows] == list(itertools.combinations(names, 2))
    cells = {
        (first, second): re.search(r'data-name="error">([^<]*)<br>\[[^<]*\]<br>p (\S+) \((\S+)\)<', row)
        for first, second, row in rows
    }
    # The differences themselves, and Holm's correction worked out here: the largest p over all that are smaller,
    # each times the number of p that are not smaller than it.
    raw = []
    for first, second in cells:
        one, other = (results[names.index(name)] for name in (first, second))
        found = compare(one, other).differences["error"]
        assert cells[first, second][1] == f"{found.estimate:+.3f}"  # type: ignore[index]
        assert html.unescape(cells[first, second][2]) == p_word(found.p_value)  # type: ignore[index]
        raw.append(found.p_value)
    ordered = sorted(range(len(raw)), key=raw.__getitem__)
    for place, pair in enumerate(cells):
        rank = ordered.index(place)
        holm = min(1, max(raw[ordered[at]] * (len(raw) - at) for at in range(rank + 1)))
        assert html.unescape(cells[pair][3]) == p_word(holm)  # type: ignore[index]
    # Two groups share a letter exactly where the corrected p is not below 0.05.
    letters = dict(
        re.findall(r"<b>([A-Z])</b> model-\d</td>.*?data-name=\"error\">[\d.]+ <b>([a-z]+)</b>", section)
    )
    assert set(letters) == set(names)
    for first, second in cells:
        apart = float(html.unescape(cells[first, second][3]).lstrip("<")) < 0.05  # type: ignore[index]
        assert apart == (not set(letters[first]) & set(letters[second]))
    assert ("<summary>All 10 pairs" in section) == (count == 5)
    # Of many pairs the group that errs least is named, with those that it cannot be told from; of few each pair.
    least = min(letters, key=lambda name: results[names.index(name)].decomposition.mean("error"))
    alike = [name for name in letters if name != least and set(letters[name]) & set(letters[least])]
    if count == 5:
        said = f"not told apart from it: {', '.join(alike)}." if alike else "all others err more."
        assert f"<b>{least} errs least (" in section and said in section and "<li>:" not in section
    else:
        assert section.count(" errs less than ") + section.count(" cannot be told apart in error") == 3


def test_groups_with_other_targets_are_named_instead_of_compared(tmp_path: Path) -> None:
    one, two = models(tmp_path / "1.csv", [0.5]), models(tmp_path / "2.csv", [0.5], "B")
    two.write_text(two.read_text().replace("model-0", "model-1"))
    assert "<li>A and B: " in side_by_side(one, two)[0]


def test_every_question_to_read_leads_to_its_epochs_and_tests(tmp_path: Path) -> None:
    log = tmp_path / "demo.eval"
    log.write_bytes(demo_log())
    out = tmp_path / "out.html"
    done = CliRunner().invoke(main, ["report", str(log), "-o", str(out)])
    assert done.exit_code == 0, done.output
    shown = out.read_text()
    section = shown[
        shown.index("<h2 id=read-first>Questions to read first</h2>") : shown.index("<h2>Coverage</h2>")
    ]
    jumps = set(re.findall(r'<a href="#(epochs-\d+)">(hotmess-mini__[^<]*)</a>', shown))
    assert len({name for _, name in jumps}) == 9
    # The finding names the question that varies most: a link, too.
    assert re.search(r'Read the epochs of question <a href="#epochs-0">', shown[: shown.index("Headline")])
    samples = read_eval_log(str(log)).samples or []
    for anchor, name in jumps:
        block = re.search(rf"<div id={anchor}>(.*?)</details>", section, re.DOTALL)
        assert block and f"<code>{name}</code>" in block[1] and "<code>demo.eval</code>" in block[1]
        epochs = sorted((one for one in samples if one.id == name), key=lambda one: one.epoch)
        outcomes = []
        for one in epochs:
            score = (one.scores or {})["swebench_scorer"].metadata or {}
            count = score["hm_f2p"] + score["hm_p2p"]
            bits = f"{int(score['hm_tests'], 16):0{4 * len(score['hm_tests'])}b}"[:count]
            outcomes.append([bit == "1" for bit in bits])
        tests = [*epochs[0].metadata["fail_to_pass"], *epochs[0].metadata["pass_to_pass"]]
        expected = {
            html.escape(test): "".join("✗✓"[one[place]] for one in outcomes)
            for place, test in enumerate(tests)
            if not all(one[place] for one in outcomes)
        }
        found = {}
        for test, passed, rest in re.findall(
            r"<tr[^>]*><td[^>]*>([^<]*)</td><td[^>]*>[A-Z_]+</td><td[^>]*>(\d) of 5</td>(.*?)</tr>", block[1]
        ):
            found[test] = "".join(re.findall("[✓✗]", rest))
            assert found[test].count("✓") == int(passed)
        assert found == expected
        assert (f"{len(tests) - len(expected)} tests passed in every epoch" in block[1]) == (
            len(tests) - len(expected) > 1
        )


def test_no_page_about_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "bad.eval").write_bytes(b"junk")
    out = tmp_path / "out.html"
    result = CliRunner().invoke(main, ["report", str(tmp_path / "bad.eval"), "-o", str(out)])
    assert result.exit_code == 1
    assert "it has no directory at its end" in result.output
    assert not out.exists()


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    out = tmp_path / "out.html"
    result = CliRunner().invoke(
        main, ["report", str(path), "-o", str(out), "--title", "<b>", "--loss", "brier"]
    )
    assert result.exit_code == 0
    assert "<title>&lt;b&gt;</title>" in out.read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "out.html"]
    wrong = CliRunner().invoke(main, ["report", str(path), "-o", str(out), "--viewer", "javascript:alert(1)"])
    assert wrong.exit_code == 2


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", '"\'=1+1"'),
        ("@x", '"\'@x"'),
        (" -x", '"\' -x"'),
        (-1.5, "-1.5"),
        ('a"b', '"a""b"'),
        (None, ""),
        ("a\nb", '"a\ufffdb"'),
    ],
)
def test_csv_cells_run_no_formula(value: object, cell: str) -> None:
    assert csv_cell(value) == cell
    assert len(next(csv.reader(io.StringIO(cell)), [""])) == 1


def test_control_characters_leave_a_mark() -> None:
    assert plain("a\x1b[0m\u202eb\ud800") == "a\ufffd[0m\ufffdb?"


def test_every_number_of_right_epochs_has_a_bar_of_its_own() -> None:
    """Ten bars over five epochs would leave four of them empty whatever the model does."""
    for epochs in (2, 4, 5, 7):
        ids = [f"q{right}" for right in range(epochs + 1) for _ in range(epochs)]
        scores = [float(place < right) for right in range(epochs + 1) for place in range(epochs)]
        (result, *_) = analyze(outcomes_from_arrays(ids, score=scores), Options(resamples=20))[0]
        drawing = distribution_drawing([result], ["m"], [question_numbers(result)])
        assert drawing is not None
        assert [row["questions"] for row in drawing.rows] == [1] * (epochs + 1)
        assert drawing.rows[0]["from"] == 0 and drawing.rows[-1]["to"] == 1


def test_figures_draw_the_measure_of_the_finding_and_all_measures_on_request(tmp_path: Path) -> None:
    (tmp_path / "demo.eval").write_bytes(demo_log())
    shown = report_html(
        read_inputs([str(tmp_path / "demo.eval")]), ReportOptions(analysis=Options(resamples=20))
    )[0]

    def data(figure: str) -> list[dict[str, str]]:
        found = re.search(rf'download="{figure}.csv" href="data:text/csv;base64,([^"]+)"', shown)
        assert found, figure
        return list(csv.DictReader(io.StringIO(base64.b64decode(found[1]).decode())))

    model = "hotmess/simulated-agent"
    measures = [f"{model} · {name}" for name in ("f2p", "p2p", "pooled", "resolved")]
    assert [row["group"] for row in data("squared-unbiased-plane")] == measures[:1]
    assert [row["group"] for row in data("squared-unbiased-all-plane")] == measures
    before, _, every = shown.partition("<summary>The same figures with all measures</summary>")
    assert 'id="squared-unbiased-plane"' in before and 'id="squared-unbiased-all-plane"' in every
    # The paper's analyses draw one measure as well; their data hold every one.
    assert {row["group"] for row in data("study-stabilisation")} == set(measures)
    drawing = re.search(r'<figure id="study-stabilisation">.*?</svg>', shown, re.DOTALL)
    assert drawing and ">A<" not in drawing[0] and ">D<" not in drawing[0]  # one group has no legend
    # That nine questions are few is a caution of the finding, and no bullet below it says it again.
    assert "Only 9 questions were run" in shown and "Only 9 questions have an error" not in shown
    assert "Only 2 questions have an error" in shown  # p2p
    # The other measures stand back in the table, and the verdict that everybody knows is in the finding.
    assert shown.count("<tr role=row class=quiet>") == 3
    samples = read_eval_log(str(tmp_path / "demo.eval")).samples or []
    resolved = [one.scores["swebench_scorer"].value["resolved"] for one in samples if one.scores]
    assert f"; {sum(resolved) / len(resolved):.0%}".replace("%", " %") in shown and len(resolved) == 45


def test_a_figure_of_nothing_but_zeros_is_a_sentence(tmp_path: Path) -> None:
    inputs = read_inputs([str(table(tmp_path / "a.csv"))])
    o = inputs.outcomes
    keys = [
        (o.log.names[log] if log >= 0 else "", o.question.names[question], int(epoch))
        for log, question, epoch in zip(o.log.codes, o.question.codes, o.epoch, strict=True)
    ]
    for often in (0.0, 3.0):
        waits = {key: (often, 100.0 + place) for place, key in enumerate(keys)}
        shown = report_html(inputs, ReportOptions(analysis=FAST), waits=waits)[0]
        assert ('id="study-wait-ratio"' in shown) == (often > 0)
        assert ("Hesitation: waits per 1000 words is 0 throughout." in shown) == (often == 0)


def test_of_many_groups_is_said_which_fail_alike(tmp_path: Path) -> None:
    # Five models on 40 questions: the first two mostly give the same wrong answer, the others now and then one.
    rng = np.random.default_rng(0)
    lines = ["model,question_id,epoch,answer,target"]
    for model in range(5):
        for question in range(40):
            for epoch in range(6):
                answer = "B" if model < 2 and question % 4 else "AAAB"[int(rng.integers(4))]
                lines.append(f"model-{model},q{question},{epoch},{answer},A")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    shown = page(tmp_path / "t.csv")
    first = shown[: shown.index("<h2>Headline</h2>")]
    assert "<li><b>A model-0, B model-1:</b> Most of the error is bias.</li>" in first
    assert "<li><b>C model-2, D model-3, E model-4:</b> Most of the error is variance.</li>" in first
    assert first.count("Most of the error") == 2 and "the model" not in first
    assert first.count("<b>Next") == 1 and '<a href="#read-first">' in first and "<h2 id=read-first>" in shown


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert number(-1e-17) == "0.0000" and number(-0.00004, 3) == "0.000" and number(-0.0005001, 3) == "-0.001"
    assert interval((-1e-9, 0.25), 3, "+") == "+0.000 … +0.250"
