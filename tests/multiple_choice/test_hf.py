"""A real autoregressive model, end to end: Inspect's `hf` provider with a tiny transformer made here.

The distribution of its letters follows from its logits, computed apart from Inspect: log-probabilities must give
the exact decomposition, and sampled letters must agree with it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import eval
from inspect_ai.log import EvalLog
from numpy.typing import NDArray
from scipy import stats

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.multiple_choice.files import read_rows
from hotmess_inspect.multiple_choice.prompts import choice_prompt
from hotmess_inspect.multiple_choice.question import Question
from hotmess_inspect.multiple_choice.rows import gpqa_question, read_questions
from hotmess_inspect.results.analyze import analyze
from hotmess_inspect.tasks.gpqa import gpqa

pytestmark = [pytest.mark.optimizer, pytest.mark.slow]

QUESTIONS = 6
EPOCHS = 200


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = ["Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3"]
    lines += [
        f"r{i},What is {i} plus {i + 3}?,{2 * i + 3},{2 * i + 1},{2 * i + 5},{i}" for i in range(QUESTIONS)
    ]
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def questions(rows: Path) -> list[Question]:
    return read_questions(read_rows(rows), gpqa_question)


@pytest.fixture(scope="module")
def model(questions: list[Question], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A character-level transformer, trained for seconds to prefer some letters after some questions."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    prompts = [choice_prompt(question, format="logprob") for question in questions]
    # transformers matches stop sequences by the tokens of "abcdef", which have to be there.
    characters = sorted(set("".join(prompts)) | set("ABCDEFGH") | set("abcdef"))
    vocabulary = {"<end>": 0, "<unknown>": 1} | {c: i for i, c in enumerate(characters, 2)}
    characterwise = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
    characterwise.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    characterwise.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=characterwise, eos_token="<end>", unk_token="<unknown>", pad_token="<end>"
    )
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    torch.manual_seed(0)
    network = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(vocabulary),
            n_positions=512,
            n_embd=32,
            n_layer=1,
            n_head=2,
            eos_token_id=0,
            bos_token_id=0,
            pad_token_id=0,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
    )
    batch = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    wanted = torch.zeros(QUESTIONS, len(vocabulary))
    for place, weights in enumerate(np.random.default_rng(1).dirichlet(np.ones(4), QUESTIONS)):
        for letter, weight in zip("ABCD", weights.tolist(), strict=True):
            wanted[place, vocabulary[letter]] = weight
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(50):
        logits = network(**batch).logits[:, -1]
        loss = -(wanted * torch.log_softmax(logits, dim=-1)).sum(dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("model")
    network.generation_config.update(do_sample=True, top_k=0)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exact(model: Path, questions: list[Question]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities of the letters given a letter, (questions, 4), and of everything else, from the logits."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    network = AutoModelForCausalLM.from_pretrained(model).eval()
    tokenizer = AutoTokenizer.from_pretrained(model)
    letters = tokenizer.convert_tokens_to_ids(list("ABCD"))
    found = []
    for question in questions:
        ids = tokenizer(choice_prompt(question, format="logprob"), return_tensors="pt")
        with torch.no_grad():
            p = torch.softmax(network(**ids).logits[0, -1].double(), dim=-1)
        found.append(p[letters].numpy())
    mass = np.array(found)
    return mass / mass.sum(axis=1, keepdims=True), 1 - mass.sum(axis=1)


def run(model: Path, folder: Path, rows: Path, **design: Any) -> EvalLog:
    [log] = eval(
        gpqa(dataset=str(rows), contexts=0, **design),
        model=f"hf/{model}",
        model_args={"device": "cpu"},
        temperature=1.0,
        max_tokens=1,
        seed=0,
        display="none",
        log_dir=str(folder),
        log_realtime=False,
    )
    assert log.status == "success", log.error
    return log


def test_log_probabilities_give_the_exact_decomposition(
    model: Path, rows: Path, questions: list[Question], exact: Any, tmp_path: Path
) -> None:
    p, outside = exact
    log = run(model, tmp_path, rows, format="logprob", repeats=1)
    samples = {str(sample.id): (sample.scores or {})["choice_scorer"] for sample in log.samples or []}
    read = np.array([(samples[q.id].metadata or {})["hm_probabilities"] for q in questions])
    np.testing.assert_allclose(read, p, atol=1e-5)
    found = np.array([(samples[q.id].metadata or {})["hm_outside"] for q in questions])
    np.testing.assert_allclose(found, outside, atol=1e-5)
    y = np.eye(4)[[question.answer for question in questions]]
    error, bias = 2 * (1 - (p * y).sum(axis=1)), ((p - y) ** 2).sum(axis=1)
    assert log.results is not None
    shown = {name: metric.value for s in log.results.scores for name, metric in s.metrics.items()}
    expected = {
        "error": error.mean(),
        "bias_squared": bias.mean(),
        "variance": (1 - (p**2).sum(axis=1)).mean(),
        "incoherence": (1 - (p**2).sum(axis=1)).sum() / error.sum(),
        "accuracy": (p * y).sum(axis=1).mean(),
        "outside": outside.mean(),
    }
    assert {name: shown[f"{name}_letters"] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_two_hundred_sampled_letters_agree_with_the_logits(
    model: Path, rows: Path, questions: list[Question], exact: Any, tmp_path: Path
) -> None:
    p, outside = exact
    log = run(model, tmp_path, rows, format="letter", completion=True, repeats=EPOCHS, unparsed="drop")
    counts = {question.id: np.zeros(5) for question in questions}
    for sample in log.samples or []:
        letter = ((sample.scores or {})["choice_scorer"].metadata or {})["hm_answer"]
        counts[str(sample.id)]["ABCD".index(letter) if letter else 4] += 1
    drawn = np.array([counts[question.id] for question in questions])
    assert drawn.sum() == QUESTIONS * EPOCHS
    for row, own, rest in zip(drawn, p, outside, strict=True):
        # Rare answers together, so that every cell expects five or more.
        cells = np.append(own * (1 - rest), rest) * EPOCHS
        common = cells >= 5
        seen, expect = (
            np.append(row[common], row[~common].sum()),
            np.append(cells[common], cells[~common].sum()),
        )
        assert stats.chisquare(seen, expect).pvalue > 1e-5 if expect[-1] > 1 else True
    y = np.eye(4)[[question.answer for question in questions]]
    error, bias = 2 * (1 - (p * y).sum(axis=1)), ((p - y) ** 2).sum(axis=1)
    from hotmess_inspect.results.analyze import Options

    results, _ = analyze(read_inputs([log.location]).outcomes, Options(unparsed="drop"))
    [d] = [result.decomposition for result in results if result.decomposition.loss == "brier"]
    truth = {"error": error, "bias_squared": bias, "variance": error - bias}
    for term, values in truth.items():
        interval = d.interval(term, level=0.99, rng=np.random.default_rng(0))  # type: ignore[arg-type]
        assert interval.low <= values.mean() <= interval.high
    interval = d.interval("incoherence", level=0.99, rng=np.random.default_rng(0))
    assert interval.low <= truth["variance"].sum() / error.sum() <= interval.high
    # Beyond the intervals over questions: 1,200 letters leave little room.
    assert d.mean("error") == pytest.approx(error.mean(), abs=0.1)
    assert d.incoherence == pytest.approx(truth["variance"].sum() / error.sum(), abs=0.05)
