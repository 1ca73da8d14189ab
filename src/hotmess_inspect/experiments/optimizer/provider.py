"""Inspect's model ``hotmess/optimizer``: a trained optimizer that answers the task of the same name.

Arguments (``-M name=value``):

| name | default | meaning |
|---|---|---|
| ``checkpoint`` | largest bundled model | a ``.npz`` that ``hotmess optimizer train`` wrote |
| ``size`` | | name of a bundled model instead: 3k, 12k, ... |
| ``device`` | cpu | where it runs |
| ``seed`` | 0 | names all draws |

``temperature`` of the generation config is 1 where it is not given; 0 is greedy. What is drawn depends on (seed,
sample, epoch, number of the call) alone: running order and concurrency change nothing.
Requests that wait at the same time are answered as one batch.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import numpy as np
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, ModelUsage
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import store

from hotmess_inspect._inspect_private import active_epoch, active_sample, prerequisite_error
from hotmess_inspect.experiments.optimizer.problem import (
    BUNDLED,
    OTHER_SURFACE,
    missing_checkpoint,
    trained_files,
)
from hotmess_inspect.experiments.optimizer.prompt import check_surface, read_position
from hotmess_inspect.experiments.optimizer.tokens import IntArray

if TYPE_CHECKING:
    from hotmess_inspect.experiments.optimizer.trained import Trained

# Long enough that samples which were answered together ask together again, short against a batch's arithmetic.
GATHER_SECONDS = 0.002
# Name of a sample's count of calls in its store: it starts anew in every epoch and every run.
CALLS = "hotmess_optimizer_calls"


def optimizer_model(
    model_name: str,
    base_url: str | None = None,
    api_key: str | None = None,
    config: GenerateConfig = GenerateConfig(),  # noqa: B008  Inspect's own signature
    *,
    checkpoint: str | None = None,
    size: str | None = None,
    device: str = "cpu",
    seed: int = 0,
) -> ModelAPI:
    """Open a trained optimizer as a model; arguments as in the module's table.

    Raises:
        PrerequisiteError: If torch is missing, or the checkpoint cannot be read.
    """
    try:
        from hotmess_inspect.experiments.optimizer.trained import load_trained

        path = _chosen_file(checkpoint, size)
        trained = load_trained(path, device)
    except FileNotFoundError as error:
        raise prerequisite_error(missing_checkpoint(path)) from error
    except (ImportError, ValueError, RuntimeError) as error:
        raise prerequisite_error(str(error)) from error
    return OptimizerModel(model_name, base_url, api_key, config, trained=trained, seed=seed)


def _chosen_file(checkpoint: str | None, size: str | None) -> Path:
    if checkpoint is not None and size is not None:
        raise ValueError(f"give checkpoint={checkpoint!r} or size={size!r}, not both")
    if checkpoint is not None:
        return Path(checkpoint)
    bundled = {path.stem: path for path in trained_files(BUNDLED)}
    if size is None:
        return list(bundled.values())[-1]
    if size not in bundled:
        raise ValueError(f"size must be one of {', '.join(bundled)}, not {size!r}")
    return bundled[size]


@dataclass
class Request:
    """One position that waits for its update.

    Attributes:
        units: The position, (dims,).
        temperature: 0 is greedy.
        noise: Uniform numbers, one per token of the update.
        done: Set when ``update`` holds the answer.
        update: Tokens of the update.
    """

    units: IntArray
    temperature: float
    noise: np.ndarray
    done: anyio.Event = field(default_factory=anyio.Event)
    update: np.ndarray | None = None


class OptimizerModel(ModelAPI):
    """A trained optimizer behind Inspect's interface; see the module."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None,
        api_key: str | None,
        config: GenerateConfig,
        *,
        trained: "Trained",
        seed: int,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self.trained, self.seed = trained, seed
        self.waiting: list[Request] = []
        self.lead = anyio.Lock()

    def max_connections(self) -> int:
        """Positions that may wait together: a batch costs little more than one."""
        return 512

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Write the update for the position in the last message."""
        problem = self.trained.problem
        prompt = input[-1].text
        try:
            check_surface(prompt, problem)
        except ValueError as error:
            raise prerequisite_error(f"{error}. {OTHER_SURFACE}") from error
        units = read_position(prompt, problem)
        temperature = 1.0 if config.temperature is None else config.temperature
        request = Request(units, temperature, self._noise(config.seed))
        self.waiting.append(request)
        await anyio.sleep(GATHER_SECONDS)
        async with self.lead:
            # Whoever gets here first answers everyone who waits; the others find their answer.
            if not request.done.is_set():
                batch, self.waiting = self.waiting, []
                await anyio.to_thread.run_sync(self._answer, batch)
                for answered in batch:
                    answered.done.set()
        if request.update is None:
            raise RuntimeError("the batch that held this position failed")
        output = ModelOutput.from_content(
            f"hotmess/{self.model_name}", problem.number.to_text(request.update)
        )
        length = problem.position_tokens
        output.usage = ModelUsage(input_tokens=length, output_tokens=length, total_tokens=2 * length)
        return output

    def _noise(self, seed: int | None) -> np.ndarray:
        """Uniform numbers that belong to (seed, sample, epoch, number of the call within it)."""
        sample, kept = active_sample(), store()
        call = int(kept.get(CALLS, 0)) + 1
        kept.set(CALLS, call)
        place = f"{self.seed}|{seed}|{None if sample is None else sample.id}|{active_epoch()}|{call}"
        digest = sha256(place.encode("utf-8", "surrogatepass")).digest()
        drawn: np.ndarray = np.random.default_rng(int.from_bytes(digest[:16], "big")).random(
            self.trained.problem.position_tokens, dtype=np.float32
        )
        return drawn

    def _answer(self, batch: list[Request]) -> None:
        """Write every request's update, all of one temperature together."""
        from hotmess_inspect.experiments.optimizer.rollout import propose_updates
        from hotmess_inspect.experiments.optimizer.train import one_thread

        with one_thread(self.trained.model.head.weight.device):
            for temperature in sorted({request.temperature for request in batch}):
                group = [request for request in batch if request.temperature == temperature]
                updates = propose_updates(
                    self.trained.model,
                    self.trained.problem,
                    np.stack([request.units for request in group]),
                    temperature,
                    np.stack([request.noise for request in group]),
                )
                for request, update in zip(group, updates, strict=True):
                    request.update = update
