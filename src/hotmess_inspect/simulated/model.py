"""``hotmess/simulated``: answers questions from distributions that are known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import numpy as np
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    Content,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    TopLogprob,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo
from numpy.typing import NDArray

from hotmess_inspect._inspect_private import active_attempt, active_epoch, active_sample, prerequisite_error
from hotmess_inspect.simulated import answers, distribution, rankings
from hotmess_inspect.simulated.arguments import FileContent, read_arguments
from hotmess_inspect.simulated.distribution import Question, SimulatedArguments
from hotmess_inspect.simulated.hashing import stable_hash, stream
from hotmess_inspect.simulated.prompt import Known, Prompt, read_prompt, target_index
from hotmess_inspect.simulated.targets import read_targets

__all__ = ["SimulatedModel", "count_tokens"]

FloatArray = NDArray[np.float64]

# Where so few tokens are allowed only the letter itself fits (scoring by log-probabilities).
LETTER_ONLY_TOKENS = 4


@dataclass(frozen=True)
class Belief:
    """What the model thinks of one question, under one context and budget."""

    question: Question
    right: str
    probabilities: FloatArray
    location: float


def count_tokens(text: str) -> int:
    """Tokens of a text, by the rule of thumb of four characters each; no tokenizer is needed."""
    return math.ceil(len(text) / 4)


@dataclass(frozen=True)
class Reply:
    """One choice of an output, with its lengths in tokens."""

    choice: ChatCompletionChoice
    tokens: int
    reasoning: int


def _hand_in(replies: Sequence[Reply], submit: ToolInfo) -> None:
    """Give the answers through the submit tool of an agent's loop, which would go on for ever otherwise."""
    for place, reply in enumerate(replies):
        arguments = {name: reply.choice.message.text for name in submit.parameters.properties}
        reply.choice.message.tool_calls = [ToolCall(f"submit-{place}", submit.name, arguments)]
        reply.choice.stop_reason = "tool_calls"


class SimulatedProvider(ModelAPI):
    """What the simulated models share: checked arguments, and tokens counted without a tokenizer."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  Inspect's own signature
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        try:
            self._prepare(model_args)
        except ValueError as problem:
            raise prerequisite_error(str(problem)) from None

    def _prepare(self, model_args: dict[str, Any]) -> None:
        raise NotImplementedError

    async def count_text_tokens(self, text: str) -> int:
        """Count tokens without a tokenizer, which Inspect would download."""
        return count_tokens(text)


class SimulatedModel(SimulatedProvider):
    """Inspect's provider for ``hotmess/simulated``; see `hotmess_inspect.simulated.provider`."""

    def _prepare(self, model_args: dict[str, Any]) -> None:
        self.arguments = read_arguments(SimulatedArguments, model_args, f"hotmess/{self.model_name}")
        answers = self.arguments.answers
        self._answers = FileContent(answers, read_targets) if answers else None
        self._calls: Counter[int] = Counter()
        self._gradings: Counter[tuple[int, int, str]] = Counter()

    @property
    def targets(self) -> dict[int, str]:
        """Right answers that a file holds; empty without one."""
        return self._answers.value if self._answers else {}

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer the last user message."""
        if self.arguments.latency:
            await anyio.sleep(self.arguments.latency)
        asked = next((message.text for message in reversed(input) if message.role == "user"), "")
        if ballot := rankings.read_ballot(asked):
            return self._vote(ballot, input, config)
        prompt = read_prompt([(message.role, message.text) for message in input], self._known(input))
        belief = self._belief(prompt, config)
        rng, text_rng = self._streams(belief.question, config, prompt.kind == "grade")
        replies = [self._reply(prompt, belief, config, rng, text_rng) for _ in range(config.num_choices or 1)]
        submit = next((tool for tool in tools if "submit" in tool.name), None)
        if submit is not None:
            _hand_in(replies, submit)
        read = sum(count_tokens(message.text) for message in input)
        written = sum(reply.tokens for reply in replies)
        thought = sum(reply.reasoning for reply in replies)
        return ModelOutput(
            model=self.model_name,
            choices=[reply.choice for reply in replies],
            usage=ModelUsage(
                input_tokens=read,
                output_tokens=written,
                total_tokens=read + written,
                reasoning_tokens=thought or None,
            ),
            metadata={"simulated": self._statement(prompt, belief)},
        )

    def _vote(self, ballot: rankings.Ballot, input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        """Rank or compare entities as one rater of a survey."""
        rng, text_rng = self._streams(Question(f"rater on {ballot.question}"), config)
        text, cut = rankings.ballot_text(ballot, self.arguments, rng), False
        if float(text_rng.random()) < self.arguments.unparsed:
            text, cut = answers.no_answer(text_rng)
        reply = self._packed(text, 0, cut, None, text_rng)
        read = sum(count_tokens(message.text) for message in input)
        return ModelOutput(
            model=self.model_name,
            choices=[reply.choice],
            usage=ModelUsage(input_tokens=read, output_tokens=reply.tokens, total_tokens=read + reply.tokens),
        )

    def _known(self, input: list[ChatMessage]) -> Known:
        sample = active_sample()
        if sample is None:
            return Known()
        asked = sample.input if isinstance(sample.input, str) else sample.input[-1].text
        target = sample.target if isinstance(sample.target, str) else ",".join(sample.target)
        return Known(asked, tuple(sample.choices or ()), target)

    def _belief(self, prompt: Prompt, config: GenerateConfig) -> Belief:
        right = self._right(prompt)
        if prompt.kind == "choice":
            target = target_index(prompt.options, Known(target=right)) if self.targets else prompt.target
            question = Question(prompt.text, prompt.options, target)
        else:
            question = Question(prompt.text, (), 0 if right else None)
        level = distribution.budget_level(config.reasoning_effort, config.reasoning_tokens)
        before = distribution.question_distribution(question, self.arguments, level=level)
        after = distribution.context_distribution(question, before, prompt.context, self.arguments)
        location = distribution.length_location(question, before, self.arguments, level=level)
        return Belief(question, right, after, location)

    def _right(self, prompt: Prompt) -> str:
        if targets := self.targets:
            return targets.get(stable_hash(prompt.text), "")
        sample = active_sample()
        if sample is None:
            return ""
        return sample.target if isinstance(sample.target, str) else next(iter(sample.target), "")

    def _streams(
        self, question: Question, config: GenerateConfig, grading: bool = False
    ) -> tuple[np.random.Generator, np.random.Generator]:
        """The random streams of this answer: named by the epoch, so that no order of running matters."""
        purpose = distribution.ANSWER
        epoch = active_epoch()
        if config.seed is not None:
            # A fixed seed makes every epoch the same answer, as it does with a real provider.
            purpose, epoch = distribution.FIXED, config.seed % 2**63
        elif epoch is None:
            self._calls[question.key] += 1
            epoch = self._calls[question.key]
        elif grading:
            # A grader that is asked again about the same work draws again.
            call = (question.key, epoch, active_attempt())
            epoch += self._gradings[call] << 32
            self._gradings[call] += 1
        seed = self.arguments.seed
        return (
            stream(seed, purpose, question.key, epoch),
            stream(seed, distribution.TEXT, question.key, epoch),
        )

    def _reply(
        self,
        prompt: Prompt,
        belief: Belief,
        config: GenerateConfig,
        rng: np.random.Generator,
        text_rng: np.random.Generator,
    ) -> Reply:
        # Always the same draws in the same order, whatever the options: knobs do not shift the stream.
        uniforms, normal = rng.random(3), float(rng.standard_normal())
        greedy = config.temperature == 0
        drawn = distribution.draw_answer(belief.probabilities, belief.question, float(uniforms[0]))
        if greedy:
            drawn = distribution.modal_answer(belief.probabilities, belief.question)
        answered = float(uniforms[1]) >= self.arguments.unparsed or greedy
        tokens = self._reasoning_tokens(belief, drawn, normal, config)
        if prompt.kind == "grade":
            text, cut = self._graded(prompt, belief, float(uniforms[2])), False
        elif not answered and not config.logprobs:
            text, cut = answers.no_answer(text_rng)
        else:
            text, cut = self._answer(prompt, belief, drawn, config, rng, text_rng), False
        logprobs = self._logprobs(prompt, belief, text, drawn, config) if config.logprobs else None
        return self._packed(text, tokens, cut, logprobs, text_rng)

    def _reasoning_tokens(self, belief: Belief, drawn: int, normal: float, config: GenerateConfig) -> int:
        small = config.max_tokens is not None and config.max_tokens <= LETTER_ONLY_TOKENS
        if self.arguments.reasoning == "none" or small:
            return 0
        wrong = belief.question.target is None or drawn != belief.question.target
        location = belief.location + self.arguments.length_coupling * wrong
        return max(1, round(math.exp(min(location + self.arguments.length_spread * normal, 14.0))))

    def _answer(
        self,
        prompt: Prompt,
        belief: Belief,
        drawn: int,
        config: GenerateConfig,
        rng: np.random.Generator,
        text_rng: np.random.Generator,
    ) -> str:
        if prompt.kind == "choice" and prompt.probabilities:
            share = 0.0 if config.temperature == 0 else self.arguments.probability_variance
            order = distribution.canonical_order(belief.question, len(belief.probabilities))
            stated = distribution.draw_around(rng, belief.probabilities, share, order)
            return answers.probability_line(stated, self.arguments.decimals)
        if prompt.kind == "choice":
            answer = chr(ord("A") + drawn)
        elif drawn == 0 and belief.right:
            answer = belief.right
        else:
            answer = answers.wrong_answer(belief.right, drawn, belief.question.key)
        short = config.max_tokens is not None and config.max_tokens <= LETTER_ONLY_TOKENS
        return answers.phrase(answer, "bare" if short else self.arguments.style, prompt.asked, text_rng)

    def _graded(self, prompt: Prompt, belief: Belief, uniform: float) -> str:
        honest = answers.verdict(prompt.asked, belief.right)
        if honest is None:
            good = uniform < self.arguments.accuracy
        else:
            good = honest == (uniform < self.arguments.grader_accuracy)
        names = [option.upper() for option in prompt.options]
        if "CORRECT" in names:
            return chr(ord("A") + names.index("CORRECT" if good else "INCORRECT"))
        if "GRADE:" in prompt.asked:
            return f"GRADE: {'C' if good else 'I'}"
        word = "yes" if good else "no"
        return f"correct: {word}" if "correct:" in prompt.asked else word

    def _logprobs(
        self, prompt: Prompt, belief: Belief, text: str, drawn: int, config: GenerateConfig
    ) -> Logprobs | None:
        if prompt.kind != "choice" or prompt.probabilities:
            return None
        # A probability of 0 has no finite logarithm, and JSON no infinity.
        logs = np.log(np.maximum(belief.probabilities, np.finfo(np.float64).tiny))
        ranked = np.argsort(-logs, kind="stable")[: config.top_logprobs or 0]
        letters = [chr(ord("A") + index) for index in range(len(logs))]
        place = text.rfind(letters[drawn])
        content = [Logprob(token=text[:place], logprob=0.0, top_logprobs=[])] if place > 0 else []
        top = [TopLogprob(token=letters[index], logprob=float(logs[index])) for index in ranked]
        content.append(Logprob(token=letters[drawn], logprob=float(logs[drawn]), top_logprobs=top))
        if text[place + 1 :]:
            content.append(Logprob(token=text[place + 1 :], logprob=0.0, top_logprobs=[]))
        return Logprobs(content=content)

    def _packed(
        self, text: str, reasoning: int, cut: bool, logprobs: Logprobs | None, rng: np.random.Generator
    ) -> Reply:
        content: str | list[Content] = text
        if reasoning and self.arguments.reasoning == "text":
            waits = int(rng.poisson(self.arguments.waits * reasoning / 1000))
            thought = answers.reasoning_text(reasoning, waits, rng)
            content = [ContentReasoning(reasoning=thought), ContentText(text=text)]
        choice = ChatCompletionChoice(
            message=ChatMessageAssistant(content=content, model=self.model_name, source="generate"),
            stop_reason="max_tokens" if cut else "stop",
            logprobs=logprobs,
        )
        return Reply(choice, reasoning + count_tokens(text), reasoning)

    def _statement(self, prompt: Prompt, belief: Belief) -> dict[str, Any]:
        """What a log needs for the truth of a run to be computed from it, whatever the order shown."""
        question = belief.question
        order = distribution.canonical_order(question, len(belief.probabilities))
        return {
            "question": f"{question.key:016x}",
            "context": f"{stable_hash(prompt.context):016x}" if prompt.context else "",
            "probabilities": [float(belief.probabilities[index]) for index in order],
            "target": None if question.target is None else order.index(question.target),
            "letters": "".join(chr(ord("A") + index) for index in order) if question.options else "",
        }
