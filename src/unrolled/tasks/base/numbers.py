"""Arrays of numbers that users give to a runtime."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError


def finite_array(values: Any, where: str) -> NDArray[np.float32]:
    """Return numbers as a contiguous float32 array.

    Args:
        values: an array or nested lists of numbers.
        where: what they are, for the message.

    Raises:
        DataError: if they are not numbers, or one is not finite.
    """
    try:
        with np.errstate(over="ignore"):  # too large for float32: becomes infinite, an error below
            array = np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: is not an array of numbers ({error})") from None
    if not np.isfinite(array).all():
        raise DataError(f"{where}: contains a number that is not finite, or too large")
    return array
