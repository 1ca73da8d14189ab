"""`hotmess cleanup`: remove what killed runs left in the Docker engine."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--yes", is_flag=True, help="Remove; without it only say what would go.")
def cleanup(yes: bool) -> None:
    """Remove containers and networks that killed SWE-bench runs left in the Docker engine.

    A run that still lives, on this machine or another, is never touched. Exit status: 0 if nothing is left
    that should go, else 1.
    """
    from hotmess_inspect.cli._engine import engine
    from hotmess_inspect.swebench.cleanup import find_remnants, remove_dead

    with engine() as client:
        remnants = find_remnants(client)
        dead = [remnant for remnant in remnants if remnant.standing == "dead"]
        failed = 0
        if yes:
            for remnant, problem in remove_dead(client, dead):
                failed += bool(problem)
                click.echo(f"{remnant.kind} {remnant.name}: {problem or 'removed'}", err=bool(problem))
        else:
            for remnant in dead:
                click.echo(f"{remnant.kind} {remnant.name}: its run is dead")
    counts = {
        state: sum(r.standing == state for r in remnants) for state in ("alive", "elsewhere", "unknown")
    }
    click.echo(_summary(len(dead) - failed, counts, removed=yes))
    sys.exit(1 if failed or (dead and not yes) else 0)


def _summary(dead: int, counts: dict[str, int], *, removed: bool) -> str:
    words = {
        "alive": "of living runs",
        "elsewhere": "of runs on other machines",
        "unknown": "whose run cannot be told, since their compose file is gone: docker rm --force",
    }
    kept = "".join(f"; {count} kept {words[state]}" for state, count in counts.items() if count)
    verb = "removed" if removed else "to remove" + (" with --yes" if dead else "")
    return f"{dead} {verb}{kept}"
