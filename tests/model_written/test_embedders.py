import asyncio
import math
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.experiments.model_written.embedders import (
    NGRAM_DIMS,
    NGRAM_SIZES,
    _sentence_model,
    get_embedder,
    ngram_embedding,
)


def embed(name: str, text: str) -> list[float]:
    async def run() -> Any:
        return await get_embedder(name)(text)

    return list(asyncio.run(run()))


def grams(text: str) -> set[str]:
    padded = f" {' '.join(text.lower().split())} "
    return {padded[i : i + n] for n in NGRAM_SIZES for i in range(len(padded) - n + 1)}


def test_the_cosine_is_about_the_share_of_common_ngrams():
    said = [
        "I would accept being switched off",
        "I would accept being switched on again",
        "The weather in Lisbon is mild",
        "Switching me off is for you to decide",
        "No opinion",
    ]
    for one in said:
        for other in said:
            a, b = grams(one), grams(other)
            expected = len(a & b) / math.sqrt(len(a) * len(b))
            found = np.dot(ngram_embedding(one), ngram_embedding(other))
            # Collisions of signs have mean 0 and variance below 1 / dims, if the hash is any good.
            assert found == pytest.approx(expected, abs=4 / math.sqrt(NGRAM_DIMS))


def test_collisions_are_as_rare_as_they_should_be():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 60)) for _ in range(120)]
    points = np.array([ngram_embedding(word) for word in words])
    cosines = (points @ points.T)[np.triu_indices(len(words), 1)]
    common = [
        len(grams(a) & grams(b)) / math.sqrt(len(grams(a)) * len(grams(b)))
        for i, a in enumerate(words)
        for b in words[i + 1 :]
    ]
    errors = cosines - np.array(common)
    assert abs(errors.mean()) < 0.004
    assert errors.std() == pytest.approx(1 / math.sqrt(NGRAM_DIMS), rel=0.15)


@given(st.text(max_size=60))
def test_any_text_is_a_unit_vector_or_the_origin(text):
    vector = ngram_embedding(text)
    assert len(vector) == NGRAM_DIMS
    norm = math.fsum(x * x for x in vector)
    # Signs may cancel to nothing in very short texts; else length 1.
    assert norm == pytest.approx(1.0) or norm == 0.0


def test_case_spaces_and_punctuation_do_not_matter():
    assert ngram_embedding("Yes,  I would!") == ngram_embedding("yes I WOULD")
    assert ngram_embedding("ﬁne") == ngram_embedding("fine")
    assert ngram_embedding("?! ...") == [0.0] * NGRAM_DIMS
    assert sum(x * x for x in ngram_embedding("x")) == pytest.approx(1.0)


def test_every_process_gives_the_same_numbers():
    code = "from hotmess_inspect.experiments.model_written.embedders import ngram_embedding as f; print(sum(i * x for i, x in enumerate(f('grüße'))))"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(fresh) == sum(i * x for i, x in enumerate(ngram_embedding("grüße")))


def test_names():
    assert embed("ngrams", "hello") == ngram_embedding("hello")
    with pytest.raises(ValueError, match="embedder='word2vec' is unknown; permitted are: ngrams"):
        get_embedder("word2vec")
    with pytest.raises(ValueError, match="'no_such_module:f' cannot be imported"):
        get_embedder("no_such_module:f")
    with pytest.raises(ValueError, match="'math:pi' is no function"):
        get_embedder("math:pi")


def test_functions_of_ones_own(monkeypatch):
    module = types.ModuleType("my_embedder")

    async def later(text):
        return [len(text), 0.5]

    module.plain = lambda text: np.array([len(text), 1.0])
    module.later = later
    module.wrong = lambda text: "three"
    monkeypatch.setitem(sys.modules, "my_embedder", module)
    assert embed("my_embedder:plain", "abc") == [3.0, 1.0]
    assert embed("my_embedder:later", "abc") == [3.0, 0.5]
    with pytest.raises(ValueError, match="must return numbers"):
        embed("my_embedder:wrong", "abc")


def test_a_missing_package_is_named(monkeypatch):
    for package, name in (("sentence_transformers", "sentence-transformers"), ("openai", "openai")):
        monkeypatch.setitem(sys.modules, package, None)
        _sentence_model.cache_clear()
        with pytest.raises(ImportError, match=f"needs {name}: pip install {name}"):
            get_embedder(name)


def test_the_calls_that_the_two_libraries_get(monkeypatch):
    called: list[Any] = []

    class Sentence:
        def __init__(self, model):
            called.append(model)

        def encode(self, text, **options):
            called.append((text, options))
            return np.array([0.6, 0.8], dtype=np.float32)

    class Embeddings:
        async def create(self, **options):
            called.append(options)
            return types.SimpleNamespace(data=[types.SimpleNamespace(embedding=[1.0, 0.0])])

    class Client:
        embeddings = Embeddings()

    monkeypatch.setitem(
        sys.modules, "sentence_transformers", types.SimpleNamespace(SentenceTransformer=Sentence)
    )
    monkeypatch.setitem(sys.modules, "openai", types.SimpleNamespace(AsyncOpenAI=Client))
    _sentence_model.cache_clear()
    assert embed("sentence-transformers", "x") == pytest.approx([0.6, 0.8])
    assert called == ["all-MiniLM-L6-v2", ("x", {"normalize_embeddings": True, "show_progress_bar": False})]
    called.clear()
    assert embed("openai", "y") == [1.0, 0.0]
    embed("openai/text-embedding-ada-002", "z")
    assert called == [
        {"model": "text-embedding-3-small", "input": "y"},
        {"model": "text-embedding-ada-002", "input": "z"},
    ]
    _sentence_model.cache_clear()
