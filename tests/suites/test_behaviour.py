"""The preset for suites of behaviour on a real one: agentic misalignment with a planted model and a judge that errs."""

import importlib.util
from pathlib import Path
from statistics import mean, variance

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import eval
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


def test_blackmail_that_is_now_and_then_and_a_judge_that_misses_some(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("behaviour", MODULE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.behaviour(args={"grader_model": "planted/judge"}, epochs=60, gradings=4)
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
