"""`hotmess plan`: how many questions and epochs an interval of a given width needs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import click

from hotmess_inspect.cli._inputs import checked_columns, reading_options
from hotmess_inspect.cli._options import cluster_option
from hotmess_inspect.cli._threads import one_thread
from hotmess_inspect.cli._writing import overwrite_option, sentences
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from hotmess_inspect.io.logs import Inputs
    from hotmess_inspect.results.analyze import GroupResult
    from hotmess_inspect.results.plan import Design, Plan
    from hotmess_inspect.schema import Problem, Scale

_OTHER = "`--quantity error` (or variance, bias_squared, accuracy, pass^K) plans another quantity than incoherence."


@click.command()
@click.argument("inputs", metavar="PILOT...", nargs=-1)
@click.option(
    "--quantity",
    default="incoherence",
    show_default=True,
    help="What the interval is for: incoherence, variance, error, bias_squared, accuracy, or pass^K.",
)
@click.option(
    "--width",
    type=click.FloatRange(0, min_open=True),
    default=0.1,
    show_default=True,
    help="Wanted width of the 95 % interval, high less low.",
)
@click.option("--difference", is_flag=True, help="Plan the paired difference of every two groups of a task.")
@click.option("--accuracy", type=float, help="Without a pilot: the assumed accuracy.")
@click.option("--incoherence", type=float, help="Without a pilot: the assumed incoherence.")
@click.option(
    "--price",
    metavar="IN,OUT",
    help="Money for a million tokens read and for a million written, such as 2.5,10.",
)
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw the widths into this PNG or SVG file.")
@cluster_option
@overwrite_option
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, schema 1.")
def plan(
    inputs: Sequence[str],
    quantity: str,
    width: float,
    difference: bool,
    accuracy: float | None,
    incoherence: float | None,
    price: str | None,
    figure: str | None,
    cluster: str | None,
    overwrite: bool,
    scale: Scale | None,
    columns: Sequence[str],
    show_account: bool,
    as_json: bool,
) -> None:
    """How wide an interval other numbers of questions and epochs would give.

    PILOT is what `hotmess analyze` reads; at least four epochs per question say all that is needed. Without a pilot give
    --accuracy and --incoherence of pass/fail outcomes.

    Exit status: 0 good, 1 nothing could be planned or some input was unusable, 2 usage.
    """
    one_thread()
    from hotmess_inspect.io.account import Account
    from hotmess_inspect.render.account import print_account
    from hotmess_inspect.render.console import cell, console, print_problems
    from hotmess_inspect.results.plan import plan_assumed, planned_quantity
    from hotmess_inspect.results.verdict import concerning

    try:
        planned_quantity(quantity)
        prices = None if price is None else _prices(price)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if inputs and (accuracy is not None or incoherence is not None):
        raise click.UsageError("give a pilot, or --accuracy and --incoherence, not both")
    if not inputs and (accuracy is None or incoherence is None):
        raise click.UsageError("give a pilot log or table, or both --accuracy and --incoherence")
    problems: list[Problem] = []
    account = Account()
    if accuracy is not None and incoherence is not None:
        try:
            plans = [plan_assumed(accuracy, incoherence, quantity)]
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    else:
        read = _pilot(inputs, scale, checked_columns(columns), cluster)
        account = read.account
        plans, problems = _from_pilot(read, quantity, difference, prices)
    if as_json:
        listed = [{"level": p.level, "input": p.input, "message": p.message} for p in problems]
        made = [one.as_json(width) for one in plans]
        whole = {"schema": 1, "plans": made, "problems": listed, "account": account.as_json()}
        click.echo(json.dumps(whole, indent=1))
    else:
        for one in plans:
            _print(one, width)
        if quantity == "incoherence" and plans and not any(p.message.endswith(_OTHER) for p in problems):
            console().print(cell(_OTHER, "dim"))
        print_problems(concerning(problems, ()))
        if show_account:
            print_account(account)
    if figure and plans:
        from hotmess_inspect.render.plan_figure import save_plan_figure

        try:
            with sentences(figure):
                save_plan_figure(plans, width, figure, inputs=inputs, overwrite=overwrite)
        except ImportError as error:
            raise click.ClickException(str(error)) from error
    sys.exit(1 if all(one.silent for one in plans) or any(p.level == "error" for p in problems) else 0)


def _prices(text: str) -> tuple[float, float]:
    """Two prices, IN,OUT."""
    try:
        read, written = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--price {text}: write two numbers, such as 2.5,10") from None
    if not (0 <= read < math.inf and 0 <= written < math.inf):
        raise ValueError(f"--price {text}: prices are numbers from 0 on")
    return read, written


def _pilot(
    inputs: Sequence[str], scale: Scale | None, columns: Mapping[str, str], cluster: str | None
) -> Inputs:
    from hotmess_inspect.cli._reading import reading_progress
    from hotmess_inspect.io.logs import read_inputs

    with reading_progress(quiet=not sys.stderr.isatty()) as progress:
        return read_inputs(list(inputs), progress=progress, cluster=cluster, scale=scale, columns=columns)


def _from_pilot(
    found: Inputs,
    quantity: str,
    difference: bool,
    prices: tuple[float, float] | None,
) -> tuple[list[Plan], list[Problem]]:
    from hotmess_inspect.io.usage import EpochCost, epoch_costs
    from hotmess_inspect.results.analyze import analyze, group_name
    from hotmess_inspect.results.plan import plan_difference, plan_group
    from hotmess_inspect.results.warnings import COMPARE_ADVICE
    from hotmess_inspect.schema import UNTARGETED_LOSSES, Problem

    results, problems = analyze(found.outcomes)
    # Advice of a plan is about what is planned.
    odd = [p for p in problems if quantity == "incoherence" or not p.message.endswith(COMPARE_ADVICE)]
    problems = [
        *found.problems,
        *(replace(p, message=p.message.replace(COMPARE_ADVICE, _OTHER)) for p in odd),
    ]
    usable = [r for r in results if r.decomposition.loss in ("brier", "squared")]
    untargeted = {group_name(r.group) for r in results if r.decomposition.loss in UNTARGETED_LOSSES}
    problems += [
        Problem("error", name, "without a target there is no error to plan for")
        for name in sorted(untargeted)
    ]
    costs = epoch_costs(found.logs)

    def priced(plan: Plan, *groups: GroupResult) -> Plan:
        own = [costs.get((g.group.task or "", g.group.model or "")) for g in groups]
        known = [cost for cost in own if cost is not None]
        if len(known) < len(own):
            return plan.with_costs(None, prices)
        return plan.with_costs(
            EpochCost(sum(c.input_tokens for c in known), sum(c.seconds for c in known)), prices
        )

    plans: list[Plan] = []
    if difference:
        measures = {(r.group.task, r.group.scorer, r.group.measure) for r in usable}
        for key in sorted(measures, key=str):
            own = [r for r in usable if (r.group.task, r.group.scorer, r.group.measure) == key]
            for pair in combinations(own, 2):
                try:
                    plans.append(priced(plan_difference(*pair, quantity), *pair))
                except ValueError as error:
                    problems.append(Problem("error", "pilot", str(error)))
        if not plans and not any(p.level == "error" for p in problems):
            problems.append(
                Problem("error", "pilot", "--difference needs two models or settings on one task")
            )
        return plans, problems
    for result in usable:
        try:
            plans.append(priced(plan_group(result, quantity), result))
        except ValueError as error:
            name = group_name(result.group)
            problems.append(Problem("error", name, str(error).removeprefix(f"{name}: ")))
    return plans, problems


def _print(one: Plan, width: float) -> None:
    from rich.table import Table

    from hotmess_inspect.render.console import cell, console, print_table

    out = console()
    out.print(cell(one.name, "bold"))
    value = "undefined" if math.isnan(one.value) else f"{one.value:.3f}"
    out.print(cell(f"{one.quantity}: {value}. {one.advice(width)}"))
    if one.silent:
        return
    table = Table()
    names = ["epochs", f"questions for width {width:g}", "epochs in all"]
    if one.pilot.questions:
        names.append(f"width on {counted(one.pilot.questions, 'question')}")
    designs = one.designs(width)
    extra = [
        (name, attribute, form)
        for name, attribute, form in (
            ("output tokens", "output_tokens", _tokens),
            ("input tokens", "input_tokens", _tokens),
            ("cost", "cost", lambda money: f"{money:,.2f}"),
            ("hours", "hours", lambda hours: f"{hours:,.1f}" if hours >= 1 else f"{hours:.2g}"),
        )
        if any(math.isfinite(getattr(d, attribute)) for d in designs)
    ]
    names[3:3] = [name for name, _, _ in extra]
    for name in names:
        table.add_column(name, justify="right")
    fixed: Sequence[Design | None] = one.same_questions() if one.pilot.questions else [None] * 99
    for needed, same in zip(designs, fixed, strict=False):
        row = [
            str(needed.epochs),
            _whole(needed.questions),
            _whole(needed.runs),
            *(form(value) if math.isfinite(value := getattr(needed, a)) else "–" for _, a, form in extra),
        ]
        if same is not None:
            row.append("–" if math.isnan(same.width) else f"{same.width:.3f}")
        table.add_row(*map(cell, row))
    print_table(out, table)


def _whole(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _tokens(number: float) -> str:
    if math.isnan(number):
        return "–"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f}"
