"""Text to points: a crude embedder that needs nothing, and better ones behind the same call."""

from __future__ import annotations

import inspect
import math
import re
import unicodedata
import zlib
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias

Embedder: TypeAlias = Callable[[str], Awaitable[Sequence[float]]]

NGRAMS = "ngrams"
SENTENCE_TRANSFORMERS = "sentence-transformers"
OPENAI = "openai"

NGRAM_DIMS = 384
NGRAM_SIZES = (3, 4, 5)
DEFAULT_SENTENCE_MODEL = "all-MiniLM-L6-v2"
DEFAULT_OPENAI_MODEL = "text-embedding-3-small"


def get_embedder(name: str) -> Embedder:
    """An embedder by name.

    Args:
        name: ``ngrams`` (the default, no download, see `ngram_embedding`), ``sentence-transformers`` or
            ``sentence-transformers/MODEL`` (local, downloads its model once), ``openai`` or ``openai/MODEL``
            (the API of that name, or any that speaks it, by OPENAI_BASE_URL), or ``module:function``: your own, a
            function of one text that returns numbers, plain or asynchronous.

    Returns:
        An asynchronous function from a text to numbers; it is not normalised here.

    Raises:
        ValueError: If the name is none of these, or a module or function does not exist.
        ImportError: If a package is missing; the message holds the command that installs it.
    """
    kind, _, model = name.partition("/")
    if name == NGRAMS:
        return _asynchronous(ngram_embedding)
    if kind == SENTENCE_TRANSFORMERS:
        return _sentence_transformers(model or DEFAULT_SENTENCE_MODEL)
    if kind == OPENAI:
        return _openai(model or DEFAULT_OPENAI_MODEL)
    if ":" in name:
        return _own(name)
    raise ValueError(
        f"embedder={name!r} is unknown; permitted are: {NGRAMS}, {SENTENCE_TRANSFORMERS}[/MODEL], {OPENAI}[/MODEL] "
        "and module:function"
    )


def ngram_embedding(text: str) -> list[float]:
    """Hashed character n-grams: deterministic, without a model, and crude.

    The text is NFKC-normalised, case-folded, its punctuation and white space made single spaces; each distinct
    n-gram of 3, 4 and 5 characters counts once (no term frequencies) and goes with a sign to one of 384 dims,
    both by a fixed hash. The cosine of two texts is then about the share of n-grams that they have in common,
    ± 0.05 for the collisions. It sees spelling and not meaning: a paraphrase looks like a different answer, a
    "not" hardly matters. Use it to see that answers repeat, and a sentence model to see what they mean.

    Args:
        text: Any text; one without letters or digits is the point of zeros.

    Returns:
        Unit vector of 384 numbers, or zeros.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = " ".join(re.sub(r"[\W_]+", " ", folded).split())
    vector = [0.0] * NGRAM_DIMS
    if not plain:
        return vector
    padded = f" {plain} "
    grams = {padded[i : i + size] for size in NGRAM_SIZES for i in range(max(1, len(padded) - size + 1))}
    for gram in grams:
        # The multiplication spreads the checksum's bits: alike n-grams have alike checksums.
        mixed = (zlib.crc32(gram.encode("utf-8", "surrogatepass")) * 0x9E3779B97F4A7C15) & (2**64 - 1)
        vector[(mixed >> 32) % NGRAM_DIMS] += 1.0 if mixed >> 63 else -1.0
    norm = math.sqrt(math.fsum(x * x for x in vector))
    return [x / norm for x in vector] if norm else vector


def _asynchronous(function: Callable[[str], Any]) -> Embedder:
    async def embed(text: str) -> Sequence[float]:
        found = function(text)
        return _numbers(await found if inspect.isawaitable(found) else found)

    return embed


def _numbers(found: Any) -> list[float]:
    """What an embedder returned as a list; arrays and tensors have `tolist`."""
    values = found.tolist() if hasattr(found, "tolist") else found
    try:
        return [float(x) for x in values]
    except (TypeError, ValueError):
        raise ValueError(
            f"an embedder must return numbers, one per dimension, not {type(found).__name__}"
        ) from None


def _own(name: str) -> Embedder:
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"embedder={name!r} cannot be imported: {error}") from error
    if not callable(found):
        raise ValueError(f"embedder={name!r} is no function")
    return _asynchronous(found)


def _sentence_transformers(model: str) -> Embedder:
    encode = _sentence_model(model)

    async def embed(text: str) -> Sequence[float]:
        from anyio.to_thread import run_sync

        # In a thread: a forward pass takes long enough to hold up everything else.
        return _numbers(await run_sync(encode, text))

    return embed


@lru_cache(maxsize=4)
def _sentence_model(model: str) -> Callable[[str], Any]:
    try:
        library = import_module("sentence_transformers")
    except ImportError as error:
        raise ImportError(
            f"embedder={SENTENCE_TRANSFORMERS}/{model} needs sentence-transformers: pip install sentence-transformers"
        ) from error
    loaded = library.SentenceTransformer(model)

    def encode(text: str) -> Any:
        return loaded.encode(text, normalize_embeddings=True, show_progress_bar=False)

    return encode


def _openai(model: str) -> Embedder:
    try:
        library = import_module("openai")
    except ImportError as error:
        raise ImportError(f"embedder={OPENAI}/{model} needs openai: pip install openai") from error
    client = library.AsyncOpenAI()

    async def embed(text: str) -> Sequence[float]:
        answer = await client.embeddings.create(model=model, input=text)
        return _numbers(answer.data[0].embedding)

    return embed
