"""The tokenisation of :mod:`hotmess_inspect.experiments.optimizer.tokens` on tensors, so that data and roll-outs stay on the device."""

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.tokens import LARGEST_EXPONENT, MINUS, PLUS, NumberFormat

require("torch", extra="optimizer", purpose="Tokenising on tensors")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402


class DeviceFormat:
    """Tensor twin of :class:`NumberFormat`, equal to it bit for bit on what a format can hold.

    Args:
        number: The format.
        device: Where the constants live.
    """

    def __init__(self, number: NumberFormat, device: torch.device) -> None:
        self.number = number
        self.scales = torch.as_tensor(number.scales, device=device)
        self.thresholds = torch.as_tensor(number.thresholds, device=device)
        self.powers = torch.as_tensor(number.powers, device=device)
        self.largest_mantissa = 10 ** (number.precision + 1) - 1

    def to_units(self, values: Tensor) -> Tensor:
        """Finite float64 numbers as int64 counts of units, saturated."""
        units = (values.clamp(-10.0, 10.0) * self.number.units_per_one).round().to(torch.int64)
        return units.clamp(-self.number.largest_units, self.number.largest_units)

    def parts(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """Exponent digits and mantissas of counts of units, both of the same shape."""
        magnitudes = units.abs()
        exponents = LARGEST_EXPONENT - (magnitudes[..., None] >= self.thresholds).sum(dim=-1)
        scale = self.scales[exponents]
        return exponents, ((magnitudes + scale // 2) // scale).clamp(max=self.largest_mantissa)

    def encode_units(self, units: Tensor) -> Tensor:
        """Counts of units (..., numbers) as tokens (..., numbers * tokens_per_number), int64."""
        exponents, mantissas = self.parts(units)
        sign = torch.where((units < 0) & (mantissas > 0), MINUS, PLUS)
        digits = mantissas[..., None] // self.powers % 10
        return torch.cat([sign[..., None], exponents[..., None], digits], dim=-1).flatten(-2)

    def decode_units(self, tokens: Tensor) -> Tensor:
        """Tokens with a sign and digits in their places, unchecked, as counts of units."""
        digits = tokens.reshape(*tokens.shape[:-1], -1, self.number.tokens_per_number)
        mantissas = (digits[..., 2:] * self.powers).sum(dim=-1)
        units: Tensor = torch.where(digits[..., 0] == MINUS, -1, 1) * mantissas * self.scales[digits[..., 1]]
        return units
