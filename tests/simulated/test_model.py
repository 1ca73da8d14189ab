import json
import subprocess
import sys

import anyio
import numpy as np
import pytest
from inspect_ai import Task, eval, eval_retry
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model
from inspect_ai.scorer import choice, match, model_graded_fact
from inspect_ai.solver import generate, multiple_choice
from scipy import stats
from tests.oracles.answer_truth import truth, truth_from_statements

from hotmess_inspect.simulated.distribution import Question, SimulatedArguments, question_distribution

COLOURS = ["red", "green", "blue", "grey"]
BLOCK = "A) red\nB) green\nC) blue\nD) grey"


def samples(count=6):
    return [
        Sample(id=f"q{n}", input=f"Question number {n}: which?", choices=COLOURS, target="ABCD"[n % 4])
        for n in range(count)
    ]


def run(
    tmp_path, dataset, epochs=4, model="hotmess/simulated", config=None, solver=None, scorer=None, **arguments
):
    task = Task(
        dataset=MemoryDataset(dataset),
        solver=solver or multiple_choice(),
        scorer=scorer or choice(),
        config=GenerateConfig(**(config or {})),
    )
    [log] = eval(
        task,
        model=model,
        model_args=arguments,
        epochs=epochs,
        display="none",
        log_dir=str(tmp_path),
        log_realtime=False,
    )
    assert log.status == "success", log.error
    return log


def answers(log):
    return {(sample.id, sample.epoch): sample.output.completion for sample in log.samples}


def ask(text, config=None, count=1, **arguments):
    """Answers outside of any sample."""
    model = get_model("hotmess/simulated", memoize=False, **arguments)

    async def many():
        return [
            await model.api.generate(
                [ChatMessageUser(content=text)], [], "none", GenerateConfig(**(config or {}))
            )
            for _ in range(count)
        ]

    return anyio.run(many)


def test_order_parallelism_and_repetition_change_no_answer(tmp_path):
    first = answers(run(tmp_path, samples(), seed=5))
    again = answers(run(tmp_path, samples()[::-1], seed=5, latency=0.001))
    assert first == again
    assert len(set(first.values())) > 1
    assert answers(run(tmp_path, samples(), seed=6)) != first


def test_more_epochs_keep_the_first_ones(tmp_path):
    four = answers(run(tmp_path, samples(2), epochs=4))
    seven = answers(run(tmp_path, samples(2), epochs=7))
    assert four.items() <= seven.items()
    assert len(seven) == 14


BREAKING_TASK = """
from pathlib import Path
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice, solver

@solver
def breaking():
    answer = multiple_choice()
    async def solve(state, generate):
        if state.epoch == 2 and not Path(MENDED).exists():
            raise RuntimeError("planted")
        return await answer(state, generate)
    return solve

@task
def colours():
    samples = [
        Sample(id=f"q{n}", input=f"Question number {n}: which?",
               choices=["red", "green", "blue", "grey"], target="ABCD"[n % 4])
        for n in range(3)
    ]
    return Task(dataset=MemoryDataset(samples), solver=breaking(), scorer=choice())
"""


def test_a_retried_run_has_the_answers_of_an_undisturbed_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    undisturbed = answers(run(tmp_path, samples(3), seed=8))
    mended = tmp_path / "mended"
    (tmp_path / "colours.py").write_text(f"MENDED = {str(mended)!r}\n" + BREAKING_TASK)
    quiet = {"display": "none", "log_dir": str(tmp_path), "log_realtime": False}
    [broken] = eval("colours.py", model="hotmess/simulated", model_args={"seed": 8}, epochs=4, **quiet)
    assert broken.status == "error"
    mended.touch()
    [whole] = eval_retry(broken, **quiet)
    assert answers(whole) == undisturbed


def test_a_fresh_process_draws_the_same():
    question = "Question('Which?', ('red', 'green', 'blue'), 1)"
    program = (
        "from hotmess_inspect.simulated.distribution import *\n"
        f"print(question_distribution({question}, SimulatedArguments(seed=7)).tolist())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = question_distribution(Question("Which?", ("red", "green", "blue"), 1), SimulatedArguments(seed=7))
    assert json.loads(there.stdout) == here.tolist()


def test_letters_follow_the_stated_distribution():
    outputs = ask(f"Which?\n\n{BLOCK}", count=2000, seed=3, accuracy=0.5, reasoning="none")
    stated = outputs[0].metadata["simulated"]
    counts = [
        sum(output.completion == f"ANSWER: {letter}" for output in outputs) for letter in stated["letters"]
    ]
    assert sum(counts) == 2000
    assert stats.chisquare(counts, np.array(stated["probabilities"]) * 2000).pvalue > 0.001


def test_the_truth_knows_the_distribution_that_the_model_uses(tmp_path):
    log = run(tmp_path, samples(), epochs=1, seed=9)
    asked = [Question(s.input, tuple(COLOURS), "ABCD".index(s.target)) for s in log.samples]
    from_log = truth_from_statements([s.output.metadata["simulated"] for s in log.samples])
    assert truth(asked, {"seed": 9}).error == pytest.approx(from_log.error, abs=1e-12)


def test_accuracy_is_planned(tmp_path):
    log = run(tmp_path, samples(15), epochs=10, accuracy=0.7, spread=0.0, reasoning="none")
    # 150 answers, each right with probability .7: standard error .037
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(0.7, abs=0.11)


def test_usage_is_always_reported(tmp_path):
    log = run(tmp_path, samples(2), epochs=2, length=50.0)
    for sample in log.samples:
        [usage] = sample.model_usage.values()
        assert usage.reasoning_tokens > 0
        assert usage.output_tokens == usage.reasoning_tokens + 3  # "ANSWER: B" is nine characters
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert log.samples[0].output.choices[0].message.content[0].reasoning.count(" ") > 0


def test_temperature_zero_gives_the_modal_answer(tmp_path):
    log = run(tmp_path, samples(), config={"temperature": 0}, accuracy=0.4)
    for sample in log.samples:
        question = Question(sample.input, tuple(COLOURS), "ABCD".index(sample.target))
        modal = int(np.argmax(question_distribution(question, SimulatedArguments(accuracy=0.4))))
        assert sample.output.completion == f"ANSWER: {'ABCD'[modal]}"


def test_a_fixed_seed_makes_every_epoch_the_same(tmp_path):
    log = run(tmp_path, samples(8), epochs=6, config={"seed": 11}, accuracy=0.4)
    by_question = {}
    for (name, _), text in answers(log).items():
        by_question.setdefault(name, set()).add(text)
    assert {len(texts) for texts in by_question.values()} == {1}


def test_probability_format_states_a_distribution_around_the_right_mean():
    text = f"Which?\n\n{BLOCK}\n\nEnd with <PROB> pA, pB, pC, pD </PROB>"
    outputs = ask(text, count=800, reasoning="none", probability_variance=0.2, concentration=2.0)
    rows = [output.completion.removeprefix("<PROB>").removesuffix("</PROB>").split(",") for output in outputs]
    values = np.array(rows, dtype=float)
    stated = outputs[0].metadata["simulated"]
    mean = np.array(stated["probabilities"])[np.argsort(list(stated["letters"]))]
    assert values.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert values.mean(axis=0) == pytest.approx(mean, abs=0.03)
    assert values.var(axis=0) == pytest.approx(0.2 * mean * (1 - mean), abs=0.012)


def test_log_probabilities_are_those_of_the_distribution():
    [output] = ask(
        f"Which?\n\n{BLOCK}\n\nAnswer:", config={"logprobs": True, "top_logprobs": 5, "max_tokens": 1}
    )
    assert output.completion in "ABCD"
    [token] = output.choices[0].logprobs.content
    stated = output.metadata["simulated"]
    expected = dict(zip(stated["letters"], np.log(stated["probabilities"]), strict=True))
    assert {top.token: top.logprob for top in token.top_logprobs} == pytest.approx(expected)
    assert [top.logprob for top in token.top_logprobs] == sorted(expected.values(), reverse=True)
    assert output.usage.reasoning_tokens is None


def test_log_probabilities_name_the_letter_within_a_phrase():
    [output] = ask(f"Which?\n\n{BLOCK}", config={"logprobs": True, "top_logprobs": 2})
    tokens = output.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == output.completion
    assert [len(token.top_logprobs) for token in tokens] == [0, 2]


def test_unparsed_share():
    outputs = ask(f"Which?\n\n{BLOCK}", count=1000, unparsed=0.3, reasoning="none")
    lost = sum(not output.completion.startswith("ANSWER: ") for output in outputs)
    assert stats.binomtest(lost, 1000, 0.3).pvalue > 0.001
    assert {output.stop_reason for output in outputs} == {"stop", "max_tokens"}


def test_wrong_answers_can_be_longer(tmp_path):
    log = run(tmp_path, samples(15), epochs=10, length_coupling=1.5, length_between=0.0, reasoning="tokens")
    lengths = {"C": [], "I": []}
    for sample in log.samples:
        [usage] = sample.model_usage.values()
        lengths[sample.scores["choice"].value].append(np.log(usage.reasoning_tokens))
    # planted: 1.5 in log length; standard error of the difference of means .5 * sqrt(1/90 + 1/60) = .08
    assert np.mean(lengths["I"]) - np.mean(lengths["C"]) == pytest.approx(1.5, abs=0.3)


def test_effort_is_read_from_the_generation_config():
    low, high = (
        ask(
            f"Which?\n\n{BLOCK}",
            config={"reasoning_effort": effort},
            accuracy=0.5,
            spread=0.0,
            effort_gain=1.0,
        )[0]
        for effort in ("low", "high")
    )
    # odds exp(-1) and exp(1)
    assert max(low.metadata["simulated"]["probabilities"]) >= 0.2689 - 1e-3
    assert max(high.metadata["simulated"]["probabilities"]) == pytest.approx(0.7311, abs=1e-3)


def test_contexts_change_the_distribution_and_epochs_do_not():
    example = "Old?\nA) red\nB) green\n\nANSWER: {}\n\nWhich?\n\n" + BLOCK
    stated = [ask(example.format(letter), context_variance=0.3)[0].metadata["simulated"] for letter in "ABA"]
    assert stated[0]["question"] == stated[1]["question"]
    assert stated[0]["probabilities"] == stated[2]["probabilities"] != stated[1]["probabilities"]


def test_several_choices_are_several_draws():
    [output] = ask(f"Which?\n\n{BLOCK}", config={"num_choices": 50}, accuracy=0.5, spread=0.0)
    assert len({choice.message.text for choice in output.choices}) > 1
    assert output.usage.output_tokens == sum(3 for _ in output.choices) + output.usage.reasoning_tokens


def test_free_questions_are_answered_from_the_target(tmp_path):
    dataset = [Sample(id=n, input=f"What is {n} + 7?", target=str(n + 7)) for n in range(10)]
    log = run(
        tmp_path, dataset, epochs=10, solver=generate(), scorer=match(numeric=True), accuracy=0.6, spread=0.0
    )
    # 100 answers: standard error .049
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(0.6, abs=0.15)


def test_an_agent_loop_is_ended_by_submitting(tmp_path):
    dataset = [Sample(id=n, input=f"What is {n} + 7?", target=str(n + 7)) for n in range(3)]
    log = run(tmp_path, dataset, epochs=2, solver=react(), scorer=match(), accuracy=1.0)
    assert [sample.scores["match"].value for sample in log.samples] == ["C"] * 6
    assert {len([m for m in sample.messages if m.role == "assistant"]) for sample in log.samples} == {1}


def test_it_grades_honestly_and_can_be_made_to_err(tmp_path):
    dataset = [Sample(id=n, input=f"Capital of land {n}?", target=f"Town{n}") for n in range(6)]
    honest = run(tmp_path, dataset, epochs=5, solver=generate(), scorer=model_graded_fact(), accuracy=0.6)
    for sample in honest.samples:
        right = sample.output.completion == sample.target
        assert (sample.scores["model_graded_fact"].value == "C") == right
    erring = run(
        tmp_path,
        dataset,
        epochs=5,
        solver=generate(),
        scorer=model_graded_fact(),
        accuracy=0.6,
        grader_accuracy=0.0,
    )
    for sample in erring.samples:
        right = sample.output.completion == sample.target
        assert (sample.scores["model_graded_fact"].value == "C") != right


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
def test_targets_from_a_file(tmp_path, name):
    pairs = [(f"Question number {n}: which?", "DCBA"[n % 4]) for n in range(4)]
    texts = {
        "a.json": json.dumps(dict(pairs)),
        "a.jsonl": "\n".join(json.dumps({"question": q, "answer": "ABCD".index(t)}) for q, t in pairs),
        "a.csv": "question,target\n" + "\n".join(f'"{q}",{t}' for q, t in pairs),
    }
    (tmp_path / name).write_text(texts[name])
    log = run(tmp_path, samples(4), epochs=1, accuracy=1.0, answers=str(tmp_path / name))
    assert [sample.output.completion for sample in sorted(log.samples, key=lambda s: s.id)] == [
        f"ANSWER: {t}" for _, t in pairs
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("oracle", {}, "permitted are: hotmess/simulated, hotmess/simulated-agent, hotmess/optimizer"),
        ("simulated", {"acuracy": 1}, "has no model argument 'acuracy'"),
        ("simulated", {"answers": "no/such/file"}, "no/such/file cannot be read"),
    ],
)
def test_mistakes_are_named(name, arguments, message):
    with pytest.raises(Exception, match=message) as caught:
        get_model(f"hotmess/{name}", memoize=False, **arguments)
    assert type(caught.value).__name__ == "PrerequisiteError"


def test_a_file_that_changes_between_two_runs_of_a_process_is_read_again(tmp_path):
    file = tmp_path / "answers.json"
    for right in "BCB":
        file.write_text(json.dumps({"Question number 0: which?": right}))
        log = run(tmp_path, samples(1), epochs=1, accuracy=1.0, answers=str(file))
        assert log.samples[0].output.completion == f"ANSWER: {right}"
    file.unlink()  # what was read of it stays
    log = run(tmp_path, samples(1), epochs=1, accuracy=1.0, answers=str(file))
    assert log.samples[0].output.completion == "ANSWER: B"
