"""Run the Python of docs/gallery.md and docs/tutorials/, and write its output, its figures and the notebooks anew.

    python sandbox/tutorials.py

Below a block stands what it prints, and the value of its last line as a notebook would show it; a figure of
matplotlib becomes a picture in docs/images/. The pages of tutorials are written as notebooks too.
"""

import ast
import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = (DOCS / "gallery.md", *sorted((DOCS / "tutorials").glob("*.md")))
# A block, with the output or the picture that stands directly below it.
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?P<shown>\n(?:```text\n.*?^```|!\[[^\n]*)\n)?", re.M | re.S
)


def run(code: str, names: dict[str, Any]) -> tuple[str, Any]:
    """Run a block as a cell: what it prints, and the figure that its last line is."""
    parsed = ast.parse(code)
    last = parsed.body.pop() if isinstance(parsed.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(parsed, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
        if value is not None and not hasattr(value, "savefig"):
            print(repr(value))
    return printed.getvalue(), value if hasattr(value, "savefig") else None


def cells(page: Path) -> Iterator[tuple[re.Match[str], str, Any]]:
    """Each block of a page with what it gives, run one after the other in one namespace."""
    names: dict[str, Any] = {}
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield (block, *run(block["code"], names))


def with_output(page: Path, images: Path) -> str:
    """The page with the present output; figures are written into a folder."""
    text, parts, end = page.read_text(encoding="utf-8"), [], 0
    for number, (block, printed, figure) in enumerate(cells(page)):
        parts += [text[end : block.start()], f"```python\n{block['code']}```\n"]
        if printed:
            lines = "\n".join(line.rstrip() for line in printed.rstrip().splitlines())
            parts.append(f"\n```text\n{lines}\n```\n")
        if figure is not None:
            name = f"{page.stem}_{number}.png"
            figure.savefig(images / name, dpi=110, facecolor="white", metadata={"Software": None})
            up = "../" * (len(page.relative_to(DOCS).parts) - 1)
            title = re.findall(r"^#+ (.*)$", text[: block.start()], re.M)[-1]
            parts.append(f"\n![{title}]({up}images/{name})\n")
        end = block.end()
    return "".join([*parts, text[end:]])


def notebook(page: Path) -> str:
    """A page as a notebook: text and code without output, in the order of the page."""
    made: list[dict[str, Any]] = []

    def text(source: str) -> None:
        if source.strip():
            made.append(
                {"cell_type": "markdown", "id": f"cell-{len(made)}", "metadata": {}, "source": source.strip()}
            )

    whole, end = page.read_text(encoding="utf-8"), 0
    for block in BLOCK.finditer(whole):
        text(whole[end : block.start()])
        code = {"execution_count": None, "outputs": [], "source": block["code"].rstrip()}
        made.append({"cell_type": "code", "id": f"cell-{len(made)}", "metadata": {}, **code})
        end = block.end()
    text(whole[end:])
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return (
        json.dumps(
            {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5},
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


def main() -> None:
    """Write all pages, figures and notebooks."""
    for page in PAGES:
        page.write_text(with_output(page, DOCS / "images"), encoding="utf-8")
        if page.parent.name == "tutorials":
            page.with_suffix(".ipynb").write_text(notebook(page), encoding="utf-8")


if __name__ == "__main__":
    main()
