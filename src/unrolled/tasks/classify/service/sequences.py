"""Sequences of vectors from requests, as arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.numbers import finite_array
from unrolled.tasks.base.service import Limits
from unrolled.wording import counted

Steps = Sequence[float | Sequence[float]]
"""A vector for each step, or a number for each step."""


def as_sequences(
    sequences: Sequence[Steps], features: int, limits: Limits, field: str
) -> list[NDArray[np.float32]]:
    """Return sequences as arrays (T, features).

    Raises:
        ConfigError: if they are larger than the limits.
        DataError: if a sequence is empty, or a step is not a finite vector of ``features`` numbers.
    """
    if len(sequences) > limits.items:
        raise ConfigError(f"{field}: {len(sequences):,} are too many; send at most {limits.items:,}")
    size = features * sum(map(len, sequences))
    if size > limits.characters:
        raise ConfigError(
            f"{field}: hold {size:,} numbers together; send at most {limits.characters:,} in a request"
        )
    several = len(sequences) > 1
    return [
        _as_array(sequence, features, f"{field}, sequence {number}" if several else field)
        for number, sequence in enumerate(sequences, 1)
    ]


def _as_array(sequence: Steps, features: int, where: str) -> NDArray[np.float32]:
    if not sequence:
        raise DataError(f"{where}: is empty; give at least one step")
    vectors = [step if isinstance(step, Sequence) else [step] for step in sequence]
    wrong = next((number for number, vector in enumerate(vectors, 1) if len(vector) != features), None)
    if wrong is not None:
        raise DataError(
            f"{where}, step {wrong}: has {counted(len(vectors[wrong - 1]), 'number')}; this model reads "
            f"{features} in each step"
        )
    return finite_array(vectors, where)
