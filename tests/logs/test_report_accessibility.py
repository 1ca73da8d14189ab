"""Properties of the pages that readers with a screen reader, a keyboard or weak sight need.

`benchmarks/browser/look.mjs` asks axe-core in a browser for the same and more.
"""

import itertools
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.demo import demo_log
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.render.report import ReportOptions, report_html
from hotmess_inspect.render.report.divergence import DIVERGENCE_STYLE, _tint
from hotmess_inspect.render.report.figures import COLOURS
from hotmess_inspect.render.report.style import STYLE
from hotmess_inspect.results.analyze import Options

VOID = {"meta", "br", "img", "link", "path", "use", "rect", "line", "polygon", "polyline", "circle", "stop"}


def palettes() -> dict[str, dict[str, str]]:
    """The colours by name: light, dark and on paper."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    return {
        name: dict(re.findall(r"--(\w+): (#[0-9a-f]+)", block))
        for name, block in zip(("light", "dark", "print"), blocks, strict=True)
    }


def rgb(colour: str) -> np.ndarray:
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    return np.array([int(digits[place : place + 2], 16) for place in (0, 2, 4)]) / 255


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    """WCAG 2: (L1 + 0.05)/(L2 + 0.05) of the relative luminances, the lighter first."""

    def luminance(colour: np.ndarray) -> float:
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_of_contrast() -> None:
    assert contrast(rgb("#000"), rgb("#fff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#fff")) == pytest.approx(4.54, abs=0.01)  # the well-known limit


@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_all_text_stands_out_from_its_ground(name: str) -> None:
    colours = {key: rgb(value) for key, value in palettes()[name].items()}
    for text in ("ink", "link", "quiet"):
        for ground in ("paper", "shade"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (name, text, ground)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("share", np.linspace(0, 1, 21))
def test_links_on_cells_of_right_and_wrong_epochs_stand_out(name: str, share: float) -> None:
    colours = {key: rgb(value) for key, value in palettes()[name].items()}
    kind, deep = _tint([share])
    tint = re.search(rf"\.walks \.{kind}.*?color-mix\(in srgb, (#\w+) var", DIVERGENCE_STYLE)
    assert tint
    ground = deep / 100 * rgb(tint[1]) + (1 - deep / 100) * colours["paper"]
    for text in ("ink", "link"):
        assert contrast(colours[text], ground) >= 4.5, (name, share, text)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_marks_of_groups_stand_out_from_the_ground(name: str) -> None:
    paper = rgb(palettes()[name]["paper"])
    for colour in COLOURS[:4]:  # beyond four groups their shapes tell them apart
        assert contrast(rgb(colour), paper) >= 2.5, (name, colour)


class Outline(HTMLParser):
    """Elements with their attributes, in order, and the headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes what is not open"


def table(groups: int) -> str:
    rng = np.random.default_rng(0)
    lines = ["model,question_id,epoch,answer,target,length"]
    for model in range(groups):
        for question in range(12):
            for epoch in range(4):
                answer = "ABC"[int(rng.integers(3))]
                lines.append(
                    f"model-{model}-with-a-long-name,q{question},{epoch},{answer},A,{10 + rng.integers(90)}"
                )
    return "\n".join(lines)


@pytest.fixture(scope="module", params=["one", "five", "steps"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outline:
    folder = tmp_path_factory.mktemp("pages")
    fast = ReportOptions(analysis=Options(losses=("brier",), resamples=50))
    if request.param == "steps":
        (folder / "demo.eval").write_bytes(demo_log())
        asked = ["diverge", str(folder / "demo.eval"), "-o", str(folder / "p.html"), "--permutations", "50"]
        assert CliRunner().invoke(main, asked).exit_code == 0
        return Outline((folder / "p.html").read_text("utf-8"))
    (folder / "t.csv").write_text(table(1 if request.param == "one" else 5))
    return Outline(report_html(read_inputs([str(folder / "t.csv")]), fast)[0])


def test_the_page_says_its_language_and_title_and_has_one_main(page: Outline) -> None:
    tags = Counter(tag for tag, _ in page.elements)
    assert next(attributes for tag, attributes in page.elements if tag == "html")["lang"] == "en"
    assert tags["title"] == tags["main"] == tags["h1"] == 1
    assert page.open == []


def test_headings_go_down_one_level_at_a_time(page: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels


def test_every_picture_has_words(page: Outline) -> None:
    drawings = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert drawings
    for attributes in drawings:
        assert attributes.get("role") == "img" and len(attributes.get("aria-label", "")) > 20
    assert all(attributes.get("alt") for tag, attributes in page.elements if tag == "img")


def test_tables_have_scoped_heads_and_what_scrolls_can_be_reached(page: Outline) -> None:
    heads = [attributes for tag, attributes in page.elements if tag == "th"]
    assert heads and all(attributes.get("scope") in ("col", "row") for attributes in heads)
    kinds = ("scroll", "scroll stack", "walks")
    scrolling = [a for tag, a in page.elements if tag == "div" and a.get("class") in kinds]
    assert scrolling
    for attributes in scrolling:
        assert attributes["tabindex"] == "0" and attributes["role"] and attributes["aria-label"]


def test_on_a_narrow_screen_every_cell_has_the_name_of_its_column(page: Outline) -> None:
    """The style draws a row as a card there and hides the heads: each cell but the first must bring its own."""
    heads: list[str] = []
    cards = place = 0
    for (tag, attributes), text in zip(page.elements, page.texts, strict=True):
        if tag == "div" and "class" in attributes:
            stacked, heads = attributes["class"] == "scroll stack", []
        elif tag == "th" and stacked:
            heads.append(text)
        elif tag == "tr":
            place, cards = 0, cards + stacked
            assert not stacked or attributes["role"] == "row"
        elif tag == "td":
            assert attributes.get("data-name") == (heads[place] if stacked and place else None)
            place += 1
    assert cards
    assert "attr(data-name)" in STYLE


def test_no_id_stands_twice_and_every_jump_has_its_target(page: Outline) -> None:
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    own = {name for name, times in ids.items() if times > 1}
    assert not own
    for tag, attributes in page.elements:
        jumps = [attributes.get("href", ""), attributes.get("xlink:href", "")]
        jumps += re.findall(r"url\((#[^)]+)\)", " ".join(attributes.values()))
        for jump in jumps:
            assert not jump.startswith("#") or jump[1:] in ids, (tag, jump)
