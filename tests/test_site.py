"""The documentation site builds without a broken link, and its page of commands has them all."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from hotmess_inspect.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name == "id":
                self.ids.add(value)
            elif value and name in ("href", "src"):
                self.links.append(value)
        assert tag != "img" or dict(attrs).get("alt"), f"a picture without words: {attrs}"


def broken_links(site: Path) -> list[str]:
    """Links of a built site to pages, files or places in pages that are not there."""
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            lost = target in pages and parts.fragment and unquote(parts.fragment) not in pages[target].ids
            if not target.exists() or lost:
                broken.append(f"{path.relative_to(site.resolve())}: {link}")
    return broken


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "index.html").write_text('<a href="a/">x</a><a href="a/#here">x</a><a href="a/#gone">x</a>')
    (tmp_path / "a" / "index.html").write_text(
        '<p id=here><a href="../b.md">x</a><a href="https://b.c">x</a>'
    )
    assert broken_links(tmp_path) == ["index.html: a/#gone", "a/index.html: ../b.md"]


@pytest.mark.slow
def test_the_site_builds_and_no_link_is_broken(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--strict",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert broken_links(tmp_path / "site") == []
    commands = (tmp_path / "site" / "reference" / "commands" / "index.html").read_text("utf-8")
    assert all(f"hotmess {name}" in commands for name in COMMANDS)
    assert "decompose" in (tmp_path / "site" / "reference" / "python" / "index.html").read_text("utf-8")


def test_every_command_is_on_the_page() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    assert sorted(re.findall(r":command: (\w+)", page)) == sorted(COMMANDS)


def test_the_picture_is_the_one_that_the_script_draws(tmp_path: Path) -> None:
    made = tmp_path / "two_targets.svg"
    subprocess.run([sys.executable, str(ROOT / "sandbox" / "two_targets.py"), str(made)], check=True)
    assert made.read_text() == (ROOT / "docs" / "images" / "two_targets.svg").read_text()
