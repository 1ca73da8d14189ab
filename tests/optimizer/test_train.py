from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.optimizer
torch = pytest.importorskip("torch")

from hotmess_inspect.experiments.optimizer.data import Batches, walked_positions  # noqa: E402
from hotmess_inspect.experiments.optimizer.model import DecoderShape, forward_flops  # noqa: E402
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig  # noqa: E402
from hotmess_inspect.experiments.optimizer.train import Progress, TrainConfig, train  # noqa: E402


@pytest.fixture
def config(small_problem: ProblemConfig) -> TrainConfig:
    return TrainConfig(
        small_problem, size="3k", trajectories=50, trajectory_steps=40, batch=64, steps=30, warmup=5,
        evaluate_every=10, held_out_sequences=200,
    )  # fmt: skip


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def test_same_seed_same_weights(config: TrainConfig) -> None:
    first, second = (train(config, np.random.default_rng(0), device="cpu") for _ in range(2))
    other = train(config, np.random.default_rng(1), device="cpu")
    assert same_weights(first.model, second.model)
    assert not same_weights(first.model, other.model)
    assert [p.held_out_loss for p in first.history] == [p.held_out_loss for p in second.history]


def test_stopped_and_resumed_equals_uninterrupted(config: TrainConfig, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(progress: Progress) -> None:
        if progress.step == 20:
            raise Killed

    path = tmp_path / "run" / "checkpoint.pt"
    with pytest.raises(Killed):
        train(config, np.random.default_rng(0), device="cpu", checkpoint=path, progress=kill)
    seen: list[Progress] = []
    resumed = train(config, np.random.default_rng(0), device="cpu", checkpoint=path, progress=seen.append)
    assert [p.step for p in seen] == [30]
    assert [p.step for p in resumed.history] == [10, 20, 30]
    assert same_weights(resumed.model, train(config, np.random.default_rng(0), device="cpu").model)


def test_a_checkpoint_of_another_run_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    train(config, np.random.default_rng(0), device="cpu", checkpoint=path)
    for other, seed in ((replace(config, learning_rate=1e-2), 0), (config, 1)):
        with pytest.raises(ValueError, match="is of another run"):
            train(other, np.random.default_rng(seed), device="cpu", checkpoint=path)


def test_learns(config: TrainConfig) -> None:
    result = train(replace(config, steps=200, evaluate_every=100), np.random.default_rng(0), device="cpu")
    # The first token alone is a fair coin to a model that knows nothing: log 12 nats each before the first step.
    assert result.held_out_loss < 1.3 < np.log(12)
    assert result.history[1].held_out_loss < result.history[0].held_out_loss


def test_batches_hold_positions_and_the_updates_made_there(small_problem: ProblemConfig) -> None:
    walked = walked_positions(small_problem, 20, 30, seed=4)
    batches = Batches(small_problem, walked, torch.device("cpu"))
    tokens = batches.draw(500, np.random.default_rng(0)).numpy()
    x, u = np.split(small_problem.number.decode(tokens), 2, axis=1)
    # Each position is one of the walk's, rounded, and the update is what the teacher does there.
    written = small_problem.number.quantise(walked[:, :-1].reshape(-1, 2))
    updates = small_problem.number.quantise(small_problem.teacher().update(walked[:, :-1]).reshape(-1, 2))
    known = {(*a, *b) for a, b in zip(written.tolist(), updates.tolist(), strict=True)}
    assert {(*a, *b) for a, b in zip(x.tolist(), u.tolist(), strict=True)} <= known


def test_trajectories_are_kept_on_disk_and_told_apart(small_problem: ProblemConfig, tmp_path: Path) -> None:
    drawn = walked_positions(small_problem, 5, 6, 0, tmp_path)
    np.testing.assert_array_equal(walked_positions(small_problem, 5, 6, 0, tmp_path), drawn)
    assert len(list(tmp_path.iterdir())) == 1
    walked_positions(replace(small_problem, step_norm=0.2), 5, 6, 0, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert drawn.shape == (5, 7, 2)


def test_held_out_trajectories_are_never_drawn(config: TrainConfig) -> None:
    assert config.held_out_trajectories == 5
    with pytest.raises(ValueError, match=r"held_out=0\.0 of trajectories=50 must leave some"):
        replace(config, held_out=0.0)
    with pytest.raises(ValueError, match="must leave some"):
        replace(config, held_out=1.0)
    with pytest.raises(ValueError, match="batch must be at least 1, not 0"):
        replace(config, batch=0)
    with pytest.raises(ValueError, match="size must be one of"):
        replace(config, size="big")


def test_rate_warms_up_and_falls_to_zero(config: TrainConfig) -> None:
    # Width 16: 3e-3 * sqrt(64 / 16) = 6e-3, reached after 5 steps of warm-up
    np.testing.assert_allclose([config.rate(0), config.rate(4), config.rate(5)], [1.2e-3, 6e-3, 6e-3])
    assert 0 < config.rate(29) < 1e-4


def test_flops_of_a_sequence(config: TrainConfig) -> None:
    # 20 tokens, the last of which is never an input; backward counts twice the forward
    assert config.flops_per_sequence == 3 * forward_flops(DecoderShape(1, 16, 1), range(19))
