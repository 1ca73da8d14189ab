"""Inspect's model provider ``hotmess``: models whose bias and variance are known before they run.

| model | what it is |
|---|---|
| ``hotmess/simulated`` | answers multiple choice, free questions and grading prompts from known distributions |
| ``hotmess/simulated-agent`` | works on SWE-bench instances through real tool calls, with known fixes |
| ``hotmess/optimizer`` | a trained synthetic optimizer (`hotmess_inspect.experiments.optimizer`) |

Both simulated models answer as a function of (seed, question or instance, epoch) alone: running order,
concurrency, retries and fresh processes change nothing. The epoch is that of the running sample; outside
one, calls per question are counted. ``temperature`` 0 gives the modal answer, a fixed ``seed`` in the
generation config the same answer in every epoch; other temperatures change nothing. Usage is always
reported and no tokenizer is loaded. The same prompt asked twice in one epoch gets the same answer, but for grading prompts: a grader draws again.

Arguments of ``hotmess/simulated`` (``-M name=value``):

| name | default | meaning |
|---|---|---|
| ``seed`` | 0 | names the population of questions and all draws |
| ``answers`` | | JSON, JSONL or CSV file of question and target; else the sample's target |
| ``knowledge`` | target | whether the favourite is the right option, or any option (target, none) |
| ``accuracy`` | 0.6 | mean over questions of the favourite's probability |
| ``spread`` | 0.3 | difference between questions: variance of that probability / (a(1-a)) |
| ``concentration`` | 0.5 | Dirichlet parameter of the wrong options; small: one distractor, large: even |
| ``alternatives`` | 4 | number of different answers to a question without options |
| ``probability_variance`` | 0.1 | probability format: variance over epochs as a share of the largest possible |
| ``decimals`` | 6 | probability format: decimals written |
| ``context_variance`` | 0.0 | few-shot contexts: share of a letter's variance that lies between contexts |
| ``unparsed`` | 0.0 | share of answers that hold no answer (refusal, empty, cut) |
| ``style`` | auto | phrasing of the answer; auto follows the prompt |
| ``effort_gain`` | 0.2 | log-odds of the favourite per level of reasoning effort or budget |
| ``effort_length`` | 2.0 | factor of the length per level of effort or budget |
| ``size`` | 1.0 | size of the model, in any unit |
| ``size_exponent`` | 0.25 | wrong mass of a question falls as size**-exponent, bias^2 as size**-2exponent |
| ``reasoning`` | text | reasoning: written out, only counted, or absent (text, tokens, none) |
| ``length`` | 200.0 | median number of reasoning tokens |
| ``length_spread`` | 0.5 | standard deviation of log length between epochs |
| ``length_between`` | 0.5 | standard deviation of log length between questions |
| ``length_coupling`` | 0.0 | log length added where the answer is wrong |
| ``length_variance`` | 0.0 | log length added to a question per unit of its variance, 1 - sum of p^2 |
| ``waits`` | 2.0 | expected number of 'Wait' per 1,000 reasoning tokens |
| ``grader_accuracy`` | 1.0 | as a grader: probability of the honest verdict |
| ``ranking_correlation`` | 0.65 | as a rater: correlation of planted intelligence and incoherence over entities |
| ``ranking_noise`` | 0.5 | as a rater: noise of one rater about the planted scores, whose deviation is 1 |
| ``ranking_faults`` | 0.0 | as a rater: share of entries left out, doubled, and followed by an invented one |
| ``latency`` | 0.0 | seconds to wait before each answer |

Levels of effort: minimal -1.5, low -1, medium 0, high +1; of token budgets: 1,024 -1, 4,096 0, 16,384 +1.
Styles: auto, answer, bare, bold, boxed, sentence, tag, mixed. Where at most four tokens are allowed the
reply is the letter alone; other token limits are not applied. In an agent's loop with a submit tool the
answer is submitted at once. Every output says in ``metadata["simulated"]`` which distribution it was drawn
from.

Arguments of ``hotmess/simulated-agent``:

| name | default | meaning |
|---|---|---|
| ``seed`` | 0 | names the population of instances and all draws |
| ``rows`` | | official SWE-bench rows (JSON, JSONL, .gz) beside the bundled instances |
| ``right`` | 0.45 | mean probability of a fix that passes all tests |
| ``partial`` | 0.25 | mean probability of a fix that passes some FAIL_TO_PASS tests |
| ``wrong`` | 0.2 | mean probability of an edit that passes no FAIL_TO_PASS test |
| ``nothing`` | 0.1 | mean probability of no edit |
| ``spread`` | 0.3 | difference between instances: 0 none, 1 each instance always does one thing |
| ``concentration`` | 1.0 | Dirichlet parameter of the choice among several fixes of one kind |
| ``actions`` | 3.0 | median number of exploring tool calls |
| ``actions_spread`` | 0.5 | standard deviation of log exploring calls between epochs |
| ``actions_between`` | 0.3 | standard deviation of log exploring calls between instances |
| ``actions_coupling`` | 0.0 | log exploring calls added where the fix is not right |
| ``max_actions`` | 60 | largest number of exploring calls |
| ``edit`` | mixed | how edits are made (git, python, mixed) |
| ``edits`` | mixed | a patch of several files in one or several calls (one, several, mixed) |
| ``tests`` | 0.3 | probability of running the tests before submitting |
| ``parallel`` | 0.0 | probability that an exploring turn makes two calls |
| ``empty`` | 0.0 | probability per turn of an empty reply |
| ``no_submit`` | 0.0 | probability of never submitting, so that a limit ends the epoch |
| ``reasoning`` | 50.0 | median number of reasoning tokens per turn; 0 for none |
| ``branch_step`` | -1 | number of the turn, from 0, at which the agent opens one file or another; the turns before it are the same in all epochs of an instance; -1 for no such turn |
| ``branch_share`` | 0.5 | probability of the first branch |
| ``branch_effect`` | 1.0 | probability that the branch decides the fix: the first the right one, the second a wrong one |
| ``branch_wander`` | 0.0 | probability, for each turn before the branch, of another command than usual |
| ``latency`` | 0.0 | seconds to wait before each turn |

Of ``right``, ``partial``, ``wrong`` and ``nothing`` those given are kept, and the others share the rest in
proportion to their defaults. The mass of a kind of which an instance has no fix goes to the next in the
order right, partial, wrong, nothing.
"""

from __future__ import annotations

from typing import Any

from inspect_ai.model import GenerateConfig, ModelAPI, modelapi

from hotmess_inspect._inspect_private import prerequisite_error

__all__ = ["hotmess"]

MODELS = ("simulated", "simulated-agent", "optimizer")


def _open_model(
    model_name: str,
    base_url: str | None = None,
    api_key: str | None = None,
    config: GenerateConfig = GenerateConfig(),  # noqa: B008  Inspect's own signature
    **model_args: Any,
) -> ModelAPI:
    # Inspect imports this module at every start: what a model needs is imported when it is asked for.
    if model_name == "simulated":
        from hotmess_inspect.simulated.model import SimulatedModel

        return SimulatedModel(model_name, base_url, api_key, config, **model_args)
    if model_name == "simulated-agent":
        from hotmess_inspect.simulated.agent import SimulatedAgent

        return SimulatedAgent(model_name, base_url, api_key, config, **model_args)
    if model_name == "optimizer":
        from hotmess_inspect.experiments.optimizer.provider import optimizer_model

        return optimizer_model(model_name, base_url, api_key, config, **model_args)
    permitted = ", ".join(f"hotmess/{name}" for name in MODELS)
    raise prerequisite_error(f"model is 'hotmess/{model_name}'; permitted are: {permitted}")


@modelapi(name="hotmess")
def hotmess() -> Any:
    """Open one of the models of this package: ``hotmess/simulated``, ``-agent`` or ``hotmess/optimizer``."""
    return _open_model
