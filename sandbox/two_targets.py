"""Draw the picture of the README: two targets, one with shots that miss alike and one with shots that scatter.

Run it as ``python sandbox/two_targets.py docs/images/two_targets.svg``.
"""

import sys
from pathlib import Path

import numpy as np

INK, HIT = "#6d7991", "#d1495b"


def target(centre: float, shots: np.ndarray, title: str, *lines: str) -> str:
    """One target with its shots, its title and lines of text below."""
    rings = "".join(
        f'<circle cx="{centre}" cy="120" r="{r}" fill="none" stroke="{INK}" stroke-width="1.5"/>'
        for r in (100, 66, 33)
    )
    dots = "".join(f'<circle cx="{centre + x:.1f}" cy="{120 + y:.1f}" r="6" fill="{HIT}"/>' for x, y in shots)
    words = f'<text x="{centre}" y="252" font-size="22" font-weight="600">{title}</text>' + "".join(
        f'<text x="{centre}" y="{278 + 22 * place}" font-size="17">{line}</text>'
        for place, line in enumerate(lines)
    )
    return (
        rings + dots + f'<g fill="{INK}" text-anchor="middle" font-family="system-ui, sans-serif">{words}</g>'
    )


def main(path: str) -> None:
    """Write the picture."""
    rng = np.random.default_rng(4)
    same = np.array([48, -42]) + rng.normal(0, 7, (10, 2))
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False) + rng.normal(0, 0.2, 10)
    everywhere = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(25, 92, (10, 1))
    body = target(140, same, "bias", "the same miss every time:", "incoherence near 0")
    body += target(480, everywhere, "variance", "a different miss every time:", "incoherence near 1")
    Path(path).write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 312" role="img" '
        'aria-label="Two targets: shots that all miss in the same place, and shots that scatter around the middle">'
        f"{body}</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(sys.argv[1])
