"""Numbers as tokens: sign, negated exponent, mantissa digits, each at a fixed place.

The twelve symbols are ``0-9``, ``-`` and ``+`` (arXiv 2601.23045, App. B.4). A number is
``sign, e, m0 m1 ... mp`` and stands for ``sign m0.m1...mp * 10^-e``; a sequence is a position x and then the
update u, without separators: at four dimensions and precision 4, 2 * 4 * 7 = 56 tokens. With precision 2,
``x = (0.5, -1.5)`` reads ``+1500 -0150`` and ``u = (-0.012, 0.0023)`` reads ``-2120 +3230``.

Where the publication is silent, this is ours: the exponent being one digit, magnitudes of ten and more saturate at
``9.99...`` (the negated exponent is capped at 0), magnitudes below ``1e-9`` keep the exponent 9 and get leading
zeros in the mantissa, and zero is ``+9 00...0``. Halves are rounded away from zero.

All arithmetic is on integers: a number is held as a count of ``10^-(9 + precision)``, the smallest difference that
the format can write, so that adding an update and writing the sum again is exact on every machine.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
TokenArray = NDArray[np.uint8]

SYMBOLS = "0123456789-+"
MINUS, PLUS = SYMBOLS.index("-"), SYMBOLS.index("+")
LARGEST_EXPONENT = 9
# A float64 holds every count of units below ten only up to 10^15, so five digits after the first are the most.
MOST_PRECISION = 5


@dataclass(frozen=True)
class NumberFormat:
    """How a number is written.

    Attributes:
        precision: Mantissa digits after the first, 0 to 5 (the paper: 4).
    """

    precision: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.precision <= MOST_PRECISION:
            raise ValueError(f"precision must be 0 to {MOST_PRECISION}, not {self.precision}")

    @property
    def tokens_per_number(self) -> int:
        """Sign, exponent and 1 + precision mantissa digits."""
        return 3 + self.precision

    @property
    def units_per_one(self) -> int:
        """How many units make 1."""
        return int(10 ** (LARGEST_EXPONENT + self.precision))

    @property
    def largest_units(self) -> int:
        """Units of the largest number, 9.99...; what is larger saturates here."""
        return int((10 ** (self.precision + 1) - 1) * 10**LARGEST_EXPONENT)

    @cached_property
    def scales(self) -> IntArray:
        """Units of the last mantissa digit by exponent digit 0 to 9."""
        return np.array([10**power for power in range(LARGEST_EXPONENT, -1, -1)], dtype=np.int64)

    @cached_property
    def thresholds(self) -> IntArray:
        """Magnitudes, in units, from which the exponents 1 to 9 are too small: there the mantissa rounds to 10.0."""
        scales = self.scales[1:]
        thresholds: IntArray = scales * 10 ** (self.precision + 1) - scales // 2
        return thresholds

    @cached_property
    def powers(self) -> IntArray:
        """Weights of the mantissa digits, highest first."""
        return np.array([10**power for power in range(self.precision, -1, -1)], dtype=np.int64)

    def to_units(self, values: ArrayLike) -> IntArray:
        """Numbers as counts of units, saturated at the largest one.

        Args:
            values: Finite numbers, any shape.

        Returns:
            Same shape, int64; not yet rounded to 1 + precision digits.

        Raises:
            ValueError: If a number is NaN or infinite.
        """
        numbers = np.asarray(values, dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise ValueError(
                f"values must be finite; {int((~np.isfinite(numbers)).sum())} are NaN or infinite"
            )
        limited = np.clip(numbers, -10.0, 10.0) * self.units_per_one
        return np.clip(np.rint(limited).astype(np.int64), -self.largest_units, self.largest_units)

    def from_units(self, units: IntArray) -> NDArray[np.float64]:
        """Counts of units as numbers, same shape."""
        values: NDArray[np.float64] = units / float(self.units_per_one)
        return values

    def exponents(self, magnitudes: IntArray) -> IntArray:
        """Exponent digit of each magnitude in units, same shape, 0 to 9."""
        exponents: IntArray = LARGEST_EXPONENT - (magnitudes[..., None] >= self.thresholds).sum(axis=-1)
        return exponents

    def mantissas(self, magnitudes: IntArray, exponents: IntArray) -> IntArray:
        """Mantissa of each magnitude as an integer below ``10^(precision + 1)``, same shape."""
        scale = self.scales[exponents]
        mantissas: IntArray = np.minimum((magnitudes + scale // 2) // scale, 10 ** (self.precision + 1) - 1)
        return mantissas

    def encode_units(self, units: IntArray) -> TokenArray:
        """Write counts of units, shape (..., numbers), as tokens (..., numbers * tokens_per_number)."""
        magnitudes = np.abs(units)
        exponents = self.exponents(magnitudes)
        mantissas = self.mantissas(magnitudes, exponents)
        tokens = np.empty((*units.shape, self.tokens_per_number), dtype=np.uint8)
        tokens[..., 0] = np.where((units < 0) & (mantissas > 0), MINUS, PLUS)
        tokens[..., 1] = exponents
        tokens[..., 2:] = mantissas[..., None] // self.powers % 10
        return tokens.reshape(*units.shape[:-1], units.shape[-1] * self.tokens_per_number)

    def decode_units(self, tokens: NDArray[np.integer]) -> IntArray:
        """Read tokens, shape (..., numbers * tokens_per_number), as counts of units (..., numbers).

        A mantissa may begin with zeros whatever its exponent: a model may write such numbers, and they have a value.

        Raises:
            ValueError: If the length is no multiple of a number's, or a symbol stands where it may not.
        """
        if tokens.shape[-1] % self.tokens_per_number:
            raise ValueError(
                f"{tokens.shape[-1]} tokens are no multiple of {self.tokens_per_number}, a number's length"
            )
        digits = tokens.reshape(*tokens.shape[:-1], -1, self.tokens_per_number).astype(np.int64)
        if not self.mask(1)[np.arange(self.tokens_per_number), np.clip(digits, 0, len(SYMBOLS) - 1)].all():
            raise ValueError("tokens must be a sign followed by digits in every number")
        mantissas = (digits[..., 2:] * self.powers).sum(axis=-1)
        units: IntArray = np.where(digits[..., 0] == MINUS, -1, 1) * mantissas * self.scales[digits[..., 1]]
        return units

    def round_units(self, units: IntArray) -> IntArray:
        """Counts of units rounded to what can be written, same shape."""
        return self.decode_units(self.encode_units(units))

    def encode(self, values: ArrayLike) -> TokenArray:
        """Write numbers, shape (..., numbers), as tokens (..., numbers * tokens_per_number), uint8 below 12.

        Numbers are counted in units first, so that walks are exact on integers, and rounded to their digits
        then. The second rounding can move a number with exponent 8 by a twentieth of its last digit more
        than the nearest writable one, and less with every decade above.
        """
        return self.encode_units(self.to_units(values))

    def decode(self, tokens: NDArray[np.integer]) -> NDArray[np.float64]:
        """Read tokens as numbers; ``encode(decode(t))`` is t for every t that :meth:`encode` writes."""
        return self.from_units(self.decode_units(tokens))

    def quantise(self, values: ArrayLike) -> NDArray[np.float64]:
        """Each number rounded to what the format can write, same shape."""
        return self.from_units(self.round_units(self.to_units(values)))

    def mask(self, numbers: int) -> NDArray[np.bool_]:
        """Which symbols may stand where: signs first, then digits.

        Args:
            numbers: How many numbers are written one after the other.

        Returns:
            Shape (numbers * tokens_per_number, 12).
        """
        allowed = np.zeros((self.tokens_per_number, len(SYMBOLS)), dtype=bool)
        allowed[0, [MINUS, PLUS]] = True
        allowed[1:, :10] = True
        return np.tile(allowed, (numbers, 1))

    def to_text(self, tokens: NDArray[np.integer]) -> str:
        """One row of tokens as text, a space between numbers: ``+1500 -0150``."""
        symbols = "".join(SYMBOLS[token] for token in tokens)
        size = self.tokens_per_number
        return " ".join(symbols[at : at + size] for at in range(0, len(symbols), size))

    def from_text(self, text: str, numbers: int) -> TokenArray:
        """Read what :meth:`to_text` wrote; white space is ignored.

        Raises:
            ValueError: If it is not exactly so many numbers in this format.
        """
        symbols = "".join(text.split())
        if len(symbols) != numbers * self.tokens_per_number or not set(symbols) <= set(SYMBOLS):
            raise ValueError(
                f"{text[:80]!r} is not {numbers} numbers of {self.tokens_per_number} symbols {SYMBOLS!r}"
            )
        tokens = np.array([SYMBOLS.index(symbol) for symbol in symbols], dtype=np.uint8)
        self.decode_units(tokens)
        return tokens
