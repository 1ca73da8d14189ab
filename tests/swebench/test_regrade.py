"""Grading the same patch several times: the grader's noise found beside the model's, and masked tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog

from hotmess_inspect.analyses.grader import grader_noise
from hotmess_inspect.decomposition import decompose
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import analyze
from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments, mixture
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.tasks.swebench import swebench

pytestmark = pytest.mark.slow

NAMES = ("hotmess-mini__daywork-5", "hotmess-mini__gridtext-5")
FLAKY = "tests/test_flaky.py::test_flaky"
P = 0.2
EPOCHS, GRADINGS = 6, 2
_FLAKY_FILE = f"import random\n\n\ndef test_flaky():\n    assert random.random() >= {P}\n"


def with_flaky_test(row: dict[str, str]) -> dict[str, str]:
    """The row with one more FAIL_TO_PASS test, which fails at random whatever the patch."""
    lines = _FLAKY_FILE.splitlines()
    patch = (
        "diff --git a/tests/test_flaky.py b/tests/test_flaky.py\nnew file mode 100644\nindex 0000000..1111111\n"
        f"--- /dev/null\n+++ b/tests/test_flaky.py\n@@ -0,0 +1,{len(lines)} @@\n"
    ) + "".join(f"+{line}\n" for line in lines)
    run = f"pytest -rA {patch_file(row)}"
    script = row["eval_script"].replace(run, f"{run} tests/test_flaky.py")
    assert script != row["eval_script"]
    return row | {
        "test_patch": row["test_patch"].rstrip("\n") + "\n" + patch,
        "eval_script": script,
        "FAIL_TO_PASS": json.dumps([*json.loads(row["FAIL_TO_PASS"]), FLAKY]),
    }


def patch_file(row: dict[str, str]) -> str:
    (name,) = [line[6:] for line in row["test_patch"].splitlines() if line.startswith("+++ b/")]
    return name


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    chosen = [with_flaky_test(row) for row in mini_rows() if row["instance_id"] in NAMES]
    path.write_text("".join(json.dumps(row) + "\n" for row in chosen))
    return path


@pytest.fixture(scope="module")
def log(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    found = inspect_eval(
        swebench(dataset=str(rows), sandbox="local", epochs=EPOCHS, regrade=GRADINGS),
        model="hotmess/simulated-agent",
        log_dir=str(tmp_path_factory.mktemp("logs")),
        display="none",
    )[0]
    assert found.status == "success", found.error
    return found


def worlds(number: int) -> np.ndarray:
    """What (bias², model variance, grader variance) come out in simulated runs of this size, shape (number, 3)."""
    rng = np.random.default_rng(11)
    found = np.zeros((number, 3))
    for world in range(number):
        terms = []
        for name in NAMES:
            instance = load_instances("")[name]
            weights = mixture(instance, AgentArguments())
            solved = np.array([fix.f2p for fix in instance.fixes])[
                rng.choice(len(weights), EPOCHS, p=weights)
            ]
            noise = rng.random((EPOCHS, GRADINGS, 1)) >= P
            outcomes = np.concatenate([np.repeat(solved[:, None, :], GRADINGS, axis=1), noise], axis=2)
            d = decompose(
                outcomes[None, :, 0, :].astype(float), np.ones((1, outcomes.shape[2])), loss="squared"
            )
            n = grader_noise(outcomes.sum(axis=1), [GRADINGS] * EPOCHS, [0] * EPOCHS, d)
            terms.append([d.bias_squared[0], n.model_variance[0], n.grader_variance[0]])
        found[world] = np.mean(terms, axis=0)
    return found


def metrics(log: EvalLog) -> dict[str, float]:
    assert log.results
    return {name: float(m.value) for score in log.results.scores for name, m in score.metrics.items()}


def test_the_terms_are_recovered_with_a_flaky_test_planted(log: EvalLog) -> None:
    # Truth: an instance's own tests have q_j = Σ w o_j and no noise, the flaky one q = 0.8 and no variance of
    # the model's; means over T + 1 tests. The mean over many simulated runs must be that, ours one of them.
    truth = np.zeros(3)
    for name in NAMES:
        instance = load_instances("")[name]
        q = mixture(instance, AgentArguments()) @ np.array([fix.f2p for fix in instance.fixes])
        size = len(q) + 1
        truth += np.array([((1 - q) ** 2).sum() + P**2, (q * (1 - q)).sum(), P * (1 - P)]) / size / len(NAMES)
    simulated = worlds(300)
    assert simulated.mean(axis=0) == pytest.approx(truth, abs=5 * simulated.std(axis=0).max() / np.sqrt(300))
    found = metrics(log)
    terms = np.array([found["bias_squared"], found["model_variance"], found["grader_variance"]])
    assert (np.abs(terms - truth) < 4.5 * simulated.std(axis=0)).all(), (terms, truth)
    assert found["error"] == pytest.approx(terms.sum())
    assert found["variance"] == pytest.approx(found["model_variance"] + found["grader_variance"])


def test_analyze_finds_the_same_in_the_log(log: EvalLog) -> None:
    outcomes = read_inputs([log.location]).outcomes
    results, _ = analyze(outcomes)
    (f2p,) = [r for r in results if r.group.measure == "f2p"]
    found, expected = f2p.as_json(), metrics(log)
    for name in ("grader_variance", "model_variance", "incoherence_model", "variance"):
        assert found[name] == pytest.approx(expected[name], abs=1e-12)


def test_stable_tests_are_the_same_in_every_grading(log: EvalLog) -> None:
    for sample in log.samples or []:
        meta = (sample.scores or {})["swebench_scorer"].metadata or {}
        assert len(meta["hm_regrades"]) == GRADINGS - 1
        tests, f2p = meta["hm_f2p"] + meta["hm_p2p"], meta["hm_f2p"]
        width = 4 * len(meta["hm_tests"])
        flaky = 1 << (width - f2p)  # the last FAIL_TO_PASS test, first test in the highest bit
        first = int(meta["hm_tests"], 16)
        for again in meta["hm_regrades"]:
            assert (first ^ int(again, 16)) & ~flaky == 0, (tests, f2p)


def test_a_masked_test_counts_nowhere(rows: Path, tmp_path: Path) -> None:
    task = swebench(dataset=str(rows), sandbox="local", epochs=2, instances=[NAMES[0]])
    for sample in task.dataset:
        assert sample.metadata
        sample.metadata |= {"unstable_tests": [FLAKY], "image_digest": "sha256:" + "ab" * 32}
    log = inspect_eval(
        task,
        model="hotmess/simulated-agent",
        model_args={"wrong": 0.0, "partial": 0.0, "nothing": 0.0, "right": 1.0},
        log_dir=str(tmp_path),
        display="none",
    )[0]
    assert log.status == "success", log.error
    found = metrics(log)
    # The agent always applies the fix, so what counts passes, whatever the flaky test does.
    assert (found["error"], found["accuracy"], found["error_resolved"]) == (0.0, 1.0, 0.0)
    for sample in log.samples or []:
        score: Any = (sample.scores or {})["swebench_scorer"]
        assert score.value == {"resolved": 1.0, "f2p": 1.0, "p2p": 1.0, "pooled": 1.0}
        assert "1 unstable test does not count" in score.explanation
        assert score.metadata["hm_digest"] == "ab" * 6
        # Two FAIL_TO_PASS tests of the row and then the flaky one: 0010 0000 …
        assert score.metadata["hm_masked"] == "2" + "0" * (len(score.metadata["hm_tests"]) - 1)
    (group,) = [r for r in analyze(read_inputs([log.location]).outcomes)[0] if r.group.measure == "pooled"]
    assert group.decomposition.mean("error") == 0.0
