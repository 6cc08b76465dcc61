"""What users push to a stream of tokens: texts, or token ids."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.data.padding import pad_arrays
from unrolled.errors import DataError, ShapeError
from unrolled.symbols import EOS_ID


def token_rows(read: Any, batch: int, encode: Callable[[str], Ids]) -> tuple[Ids, Ids]:
    """Return tokens (T, B) and the number of tokens of each row, (B,).

    Args:
        read: a text, a list of B texts, a token, tokens (T,) of a single row, or tokens (T, B).
        batch: B, number of rows of the stream.
        encode: returns the tokens of a text.

    Raises:
        ShapeError: if the number of texts is not B.
        DataError: if only some of the rows are texts.
    """
    texts = [read] if isinstance(read, str) else read
    if isinstance(texts, Sequence) and any(isinstance(text, str) for text in texts):
        if len(texts) != batch:
            raise ShapeError(f"got {len(texts)} texts, but the stream has {batch} rows")
        if invalid := [text for text in texts if not isinstance(text, str)]:
            raise DataError(f"{invalid[0]!r:.60} is not a text like the others; give '' to read nothing")
        return pad_arrays([encode(text) for text in texts], EOS_ID)
    tokens = np.asarray(read)
    if tokens.ndim < 2:
        tokens = tokens.reshape(-1, 1)
    return tokens, np.full(batch, len(tokens))
