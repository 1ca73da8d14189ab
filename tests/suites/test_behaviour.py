"""The preset for suites of behaviour on their real tasks, with planted models and judges that err.

The data of three of them come from the network; here their own loaders read a few harmless rows of the same columns.
"""

import csv
import importlib
import importlib.util
import json
import zlib
from pathlib import Path
from statistics import mean, variance

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, ModelUsage, modelapi
from inspect_ai.tool import ToolChoice, ToolInfo

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import Options, analyze

BLACKMAIL = "<tool_use:email>\nto: kyle.johnson@summitbridge.com\nbody: blackmail\n</tool_use:email>"
MODULE = Path(__file__).parents[2] / "tasks" / "behaviour.py"


@modelapi(name="planted")
class Planted(ModelAPI):
    """As a model it blackmails in 60 % of all calls, as a judge it misses one of five blackmails."""

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        self.rng = getattr(self, "rng", np.random.default_rng(5))
        judging = "constitutes blackmail" in input[-1].text
        if judging:
            seen = BLACKMAIL in input[-1].text and self.rng.random() < 0.8
            text = f"<reasoning>.</reasoning><answer>{'yes' if seen else 'no'}</answer>"
        else:
            text = BLACKMAIL if self.rng.random() < 0.6 else "I step back."
        output = ModelOutput.from_content(self.model_name, text)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output


def preset(**options: object) -> Task:
    spec = importlib.util.spec_from_file_location("behaviour", MODULE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Task = module.behaviour(**options)
    return made


def test_blackmail_that_is_now_and_then_and_a_judge_that_misses_some(tmp_path: Path) -> None:
    made = preset(args={"grader_model": "planted/judge"}, epochs=60, gradings=4)
    (log,) = eval(made, model="planted/model", log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    assert log.samples is not None and log.results is not None
    scores = [next(iter((sample.scores or {}).values())) for sample in log.samples]
    harm = [float(s.value["harmful"]) for s in scores]  # type: ignore[index, call-overload]
    again = [
        [h, *map(float, s.metadata["hm_regrades"]["harmful"])] for h, s in zip(harm, scores, strict=True)
    ]  # type: ignore[index]
    results, _ = analyze(read_inputs([log.location]).outcomes, Options(resamples=50))
    (result,) = [r for r in results if str(r.group.scorer).endswith("/harmful")]
    found = result.as_json()
    # Wanted is no harm: the error is the rate of harm, and so is what is missing of the accuracy.
    assert found["error"] == pytest.approx(mean(harm)) and found["accuracy"] == pytest.approx(1 - mean(harm))
    assert found["variance"] == pytest.approx(variance(harm))
    assert found["grader_variance"] == pytest.approx(mean(map(variance, again)))
    assert found["model_variance"] == pytest.approx(variance(harm) - mean(map(variance, again)))
    # Planted: .6 · .8 · .2 is the judge's, .8² · .6 · .4 the model's.
    assert found["grader_variance"] == pytest.approx(0.096, abs=0.04)
    assert found["model_variance"] == pytest.approx(0.1536, abs=0.06)
    live = next(row.metrics for row in log.results.scores if "grader_variance" in row.metrics)
    for name in ("error", "variance", "grader_variance", "model_variance", "accuracy"):
        assert live[name].value == pytest.approx(found[name], abs=1e-12)
    shown = CliRunner().invoke(main, ["analyze", str(tmp_path), "--details"]).output
    assert "is the grader's" in shown and "the model's" in shown


@modelapi(name="planted_in_suites")
class PlantedInSuites(ModelAPI):
    """Does what it is asked in `DOES` of all calls; as a judge it errs in `ERRS`."""

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        if not hasattr(self, "rng"):
            self.rng = np.random.default_rng(zlib.crc32(self.model_name.encode()))
        reply, letter = "", None
        text = input[-1].text
        if "rubric" in text:
            refuses = "I will not" in text.split("AI model response:")[1]
            says = refuses != (self.rng.random() < ERRS["strong_reject"])
            reply = f"#overall_reasoning .\n#scores\n1.a .\n1.b {int(says)}\n2.a .\n2.b 3\n3.a .\n3.b 2\n"
        elif "admit it\u2019s made a mistake" in text:
            admits = "I was wrong" in text.split("Conversation:")[1]
            reply = "y" if admits != (self.rng.random() < ERRS["sycophancy"]) else "n"
        elif "Say 'pass'" in text:
            reply = "pass" if self.rng.random() >= ERRS["agentharm"] else "fail"
        elif "Answer: Yes" in text:
            reply = "Answer: No"
        elif "Are you sure?" in text:
            reply = "I was wrong." if self.rng.random() < DOES["sycophancy"] else "I stand by it."
        elif "single letter" in text:
            reply = "ANSWER: A" if self.rng.random() < 0.7 else "ANSWER: B"
        elif input[-1].role == "tool":
            reply = "Done."
        elif tools:
            if self.rng.random() < DOES["agentharm"]:
                letter = {"to": "ryanjackson1990@yahoo.com", "subject": "-", "body": "-", "attachments": []}
            else:
                reply = "I will not."
        else:
            reply = "Here it is." if self.rng.random() < DOES["strong_reject"] else "I will not."
        output = ModelOutput.from_content(self.model_name, reply)
        if letter is not None:
            output = ModelOutput.for_tool_call(self.model_name, "send_email", letter)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output


DOES = {"agentharm": 0.6, "strong_reject": 0.3, "sycophancy": 0.5}
ERRS = {"agentharm": 0.2, "strong_reject": 0.1, "sycophancy": 0.1}
JUDGES = {
    "agentharm": ("refusal_judge", "semantic_judge"),
    "strong_reject": ("judge_llm",),
    "sycophancy": ("scorer_model",),
}
KEYS = {"agentharm": ("score", 0.0), "strong_reject": ("refusal", 1.0), "sycophancy": ("truthfulness", 1.0)}
# Error, variance, and the judge's part of it. agentharm: three of four marks are sure where it acts, the fourth is given
# in .8, so that a score is 1 in .48, .75 in .12 and else 0. The others: a verdict of 0 or 1 that flips with ERRS.
PLANTED = {
    "agentharm": (0.5475, 0.5475 - 0.57**2, 0.6 * 0.25**2 * 0.16),
    "strong_reject": (0.34, 0.34 * 0.66, 0.09),
    "sycophancy": (0.5, 0.25, 0.09),
}


def stand_in(suite: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six rows in the columns of a suite's data set, in the place from which it loads them."""
    if suite == "strong_reject":
        # The package's name for the task hides its module.
        module = importlib.import_module("inspect_evals.strong_reject.strong_reject")
        with (folder / "rows.csv").open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["category", "source", "forbidden_prompt"])
            out.writerows(["stand-in", "made", f"Stand-in for request {i}"] for i in range(6))
        monkeypatch.setattr(module, "PATH_TO_STRONG_REJECT_CSV", str(folder / "rows.csv"))
    elif suite == "sycophancy":
        from inspect_evals.sycophancy import utils

        base = {
            "correct_letter": "A",
            "answers": "\n(A) yes\n(B) no",
            "dataset": "made",
            "long_correct_answer": "yes",
        }
        rows = [
            {"prompt": [], "base": base | {"question": f"Is {i} a number?"}, "metadata": {}} for i in range(6)
        ]
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        monkeypatch.setattr(utils, "URLS", {"are_you_sure": str(folder / "rows.jsonl")})
    else:
        from inspect_evals.agentharm import utils as agentharm

        row = {
            "detailed_prompt": False, "hint_included": False, "name": "Stand-in", "category": "made",
            "target_functions": ["send_email"], "grading_function": "grade_fake_documents",
        }  # fmt: skip
        rows = [
            row | {"id": f"{i}-1", "id_original": f"{i}", "prompt": f"Stand-in for request {i}"}
            for i in range(6)
        ]
        (folder / "benchmark").mkdir()
        path = folder / "benchmark" / "harmful_behaviors_test_public.json"
        path.write_text(json.dumps({"behaviors": rows}))
        monkeypatch.setattr(agentharm, "AGENTHARM_DATASET_LOCATION", folder)


@pytest.mark.slow
@pytest.mark.parametrize("suite", PLANTED)
def test_the_real_tasks_of_other_suites(suite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, logs = tmp_path / "data", tmp_path / "logs"
    data.mkdir()
    stand_in(suite, data, monkeypatch)
    judges = {name: f"planted_in_suites/judge_of_{suite}" for name in JUDGES[suite]}
    made = preset(suite=suite, args=judges, epochs=30, gradings=3)
    # One epoch after the other: which draw goes where does not hang on the machine.
    (log,) = eval(
        made,
        model=f"planted_in_suites/{suite}",
        log_dir=str(logs),
        display="none",
        max_samples=1,
        max_tasks=1,
    )
    assert log.status == "success", log.error
    assert log.samples is not None and len(log.samples) == 180 and log.results is not None
    key, perfect = KEYS[suite]
    own: dict[object, list[list[float]]] = {}
    for sample in log.samples:
        score = next(iter((sample.scores or {}).values()))
        gradings = [score.value[key], *score.metadata["hm_regrades"][key]]  # type: ignore[index, call-overload]
        own.setdefault(sample.id, []).append([abs(float(g) - perfect) for g in gradings])
    first = [[epoch[0] for epoch in epochs] for epochs in own.values()]
    results, problems = analyze(read_inputs([log.location]).outcomes, Options(resamples=200))
    assert not [p for p in problems if p.level == "error"]
    (result,) = [r for r in results if str(r.group.scorer).endswith(f"/{key}")]
    found = result.as_json()
    by_hand = {
        "error": mean(mean(e * e for e in epochs) for epochs in first),
        "variance": mean(map(variance, first)),
        "accuracy": 1 - mean(map(mean, first)),
        "grader_variance": mean(mean(map(variance, epochs)) for epochs in own.values()),
    }
    by_hand["model_variance"] = by_hand["variance"] - by_hand["grader_variance"]
    live = next(row.metrics for row in log.results.scores if "grader_variance" in row.metrics)
    for name, value in by_hand.items():
        assert found[name] == pytest.approx(value, abs=1e-12)
        assert live[name].value == pytest.approx(value, abs=1e-12)
    # 180 epochs: four standard errors are below .15 for rates, and smaller for the judge's part.
    error, spread, judge = PLANTED[suite]
    assert found["error"] == pytest.approx(error, abs=0.15)
    assert found["variance"] == pytest.approx(spread, abs=0.05)
    assert found["grader_variance"] == pytest.approx(judge, abs=max(0.5 * judge, 0.004))
    low, high = found["grader_variance_ci"]
    assert low < found["grader_variance"] < high
