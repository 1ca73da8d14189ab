import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

pytestmark = pytest.mark.optimizer
torch = pytest.importorskip("torch")

from hotmess_inspect.experiments.optimizer.device_tokens import DeviceFormat  # noqa: E402
from hotmess_inspect.experiments.optimizer.tokens import NumberFormat  # noqa: E402


@given(st.integers(0, 5), hnp.arrays(np.float64, (4, 3), elements=st.floats(-12, 12)))
def test_equals_the_arrays_bit_for_bit(precision: int, values: np.ndarray) -> None:
    number = NumberFormat(precision)
    twin = DeviceFormat(number, torch.device("cpu"))
    units = twin.to_units(torch.as_tensor(values))
    np.testing.assert_array_equal(units.numpy(), number.to_units(values))
    tokens = twin.encode_units(units)
    np.testing.assert_array_equal(tokens.numpy(), number.encode(values))
    np.testing.assert_array_equal(twin.decode_units(tokens).numpy(), number.decode_units(tokens.numpy()))


@given(st.integers(0, 5), st.integers(0, 9), st.integers(-3, 3))
def test_equal_next_to_every_rounding_threshold(precision: int, exponent: int, beside: int) -> None:
    number = NumberFormat(precision)
    twin = DeviceFormat(number, torch.device("cpu"))
    thresholds = np.append(number.thresholds, number.largest_units)
    units = np.array([[thresholds[exponent] + beside, -thresholds[exponent] + beside]])
    np.testing.assert_array_equal(
        twin.encode_units(torch.as_tensor(units)).numpy(), number.encode_units(units)
    )
