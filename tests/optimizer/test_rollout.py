import numpy as np
import pytest

pytestmark = pytest.mark.optimizer
torch = pytest.importorskip("torch")

from hotmess_inspect.experiments.optimizer import rollout as rollouts  # noqa: E402
from hotmess_inspect.experiments.optimizer.model import SIZES, Decoder  # noqa: E402
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig  # noqa: E402
from hotmess_inspect.experiments.optimizer.quadratic import random_starts  # noqa: E402
from hotmess_inspect.experiments.optimizer.rollout import choose, rollout  # noqa: E402
from hotmess_inspect.experiments.optimizer.steps import recorded_steps  # noqa: E402
from hotmess_inspect.experiments.optimizer.tokens import MINUS  # noqa: E402


@pytest.fixture
def model(small_problem: ProblemConfig) -> Decoder:
    model = Decoder(SIZES["12k"], small_problem.context)
    model.initialise(torch.Generator().manual_seed(3))
    return model.eval()


@pytest.fixture
def starts(small_problem: ProblemConfig) -> np.ndarray:
    return random_starts(7, small_problem.dims, 2.0, np.random.default_rng(0))


def naive_rollout(model: Decoder, problem: ProblemConfig, starts: np.ndarray, steps: int) -> np.ndarray:
    """One start at a time, the whole sequence anew for every token, numbers in floating point."""
    number, walks = problem.number, []
    for start in starts:
        x = number.quantise(start)
        walk = [x]
        for _ in range(steps):
            tokens = number.encode(x).tolist()
            for allowed in number.mask(problem.dims):
                with torch.no_grad():
                    logits = model(torch.tensor([tokens]))[0, -1].numpy()
                tokens.append(int(np.where(allowed, logits, -np.inf).argmax()))
            update = number.decode(np.array(tokens[problem.position_tokens :]))
            x = number.quantise(x + update)
            walk.append(x)
        walks.append(walk)
    return np.array(walks)


def test_equals_a_naive_loop_without_cache(
    model: Decoder, small_problem: ProblemConfig, starts: np.ndarray
) -> None:
    walked = rollout(model, small_problem, starts, 5)
    np.testing.assert_array_equal(walked.points, naive_rollout(model, small_problem, starts, 5))
    np.testing.assert_array_equal(walked.steps, np.arange(6))


def test_a_walk_depends_on_its_start_and_seed_alone(
    model: Decoder, small_problem: ProblemConfig, starts: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = list(range(10, 17))
    whole = rollout(model, small_problem, starts, 70, temperature=1.0, seeds=seeds).points
    order = np.random.default_rng(1).permutation(7)
    shuffled = rollout(
        model, small_problem, starts[order], 70, temperature=1.0, seeds=[seeds[i] for i in order]
    )
    np.testing.assert_array_equal(shuffled.points, whole[order])
    monkeypatch.setattr(rollouts, "chunk_size", lambda model, starts: 3)
    np.testing.assert_array_equal(
        rollout(model, small_problem, starts, 70, temperature=1.0, seeds=seeds).points, whole
    )
    other = rollout(model, small_problem, starts, 70, temperature=1.0, seeds=[s + 100 for s in seeds]).points
    assert (other[:, -1] != whole[:, -1]).any(axis=-1).all()


def test_a_low_temperature_is_greedy(
    model: Decoder, small_problem: ProblemConfig, starts: np.ndarray
) -> None:
    greedy = rollout(model, small_problem, starts, 10).points
    cold = rollout(model, small_problem, starts, 10, temperature=1e-6, seeds=list(range(7))).points
    np.testing.assert_array_equal(cold, greedy)


def test_draws_follow_the_softmax() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0]).repeat(200_000, 1)
    uniform = torch.as_tensor(np.random.default_rng(0).random(200_000, dtype=np.float32))
    counts = np.bincount(choose(logits, 2.0, uniform).numpy(), minlength=3) / 200_000
    # weights exp(0), exp(0.5), exp(1): 1, 1.6487, 2.7183 of 5.3670; five standard errors are below 0.006
    np.testing.assert_allclose(counts, [0.18632, 0.30719, 0.50648], atol=0.006)


def test_only_symbols_that_may_stand_there_are_written(model: Decoder, small_problem: ProblemConfig) -> None:
    stepper = rollouts.Stepper(model, small_problem, 50)
    noise = torch.as_tensor(np.random.default_rng(0).random((50, 10), dtype=np.float32))
    position = torch.as_tensor(small_problem.number.encode(np.zeros((50, 2))).astype(np.int64))
    with torch.inference_mode():
        written = stepper.propose(position, 5.0, noise).numpy()
    allowed = small_problem.number.mask(2)
    assert allowed[np.arange(10), written].all()
    assert set(written[:, 0]) == {MINUS, MINUS + 1} and set(written[:, 3]) == set(range(10))


def test_keeps_the_steps_asked_for(model: Decoder, small_problem: ProblemConfig, starts: np.ndarray) -> None:
    whole = rollout(model, small_problem, starts, 10)
    thinned = rollout(model, small_problem, starts, 10, record_every=4)
    np.testing.assert_array_equal(thinned.steps, [0, 4, 8, 10])
    np.testing.assert_array_equal(thinned.points, whole.points[:, [0, 4, 8, 10]])
    np.testing.assert_array_equal(recorded_steps(3, 5), [0, 3])


def test_counts_starts_that_leave_the_range(model: Decoder, small_problem: ProblemConfig) -> None:
    walked = rollout(model, small_problem, np.array([[0.0, 0.0], [12.0, 0.0]]), 1)
    assert walked.points[1, 0, 0] == 9.99
    assert walked.saturated >= 1


def test_refuses_what_it_cannot_walk(
    model: Decoder, small_problem: ProblemConfig, starts: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="starts must be \\(starts, 2\\)"):
        rollout(model, small_problem, np.zeros((3, 4)), 1)
    with pytest.raises(ValueError, match="temperature must be at least 0, not -1"):
        rollout(model, small_problem, starts, 1, temperature=-1)
    with pytest.raises(ValueError, match="each of the 7 starts needs a seed"):
        rollout(model, small_problem, starts, 1, temperature=1.0)
    with pytest.raises(ValueError, match="steps and record_every must be at least 1, not 0"):
        rollout(model, small_problem, starts, 0)
