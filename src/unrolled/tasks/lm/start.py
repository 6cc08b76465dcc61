"""What a language model reads before it writes without a prompt."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.symbols import UNK_ID
from unrolled.text.tokenizer import Tokenizer


def read_first(tokenizer: Tokenizer, data_info: Mapping[str, Any]) -> Ids:
    """Return the tokens that stand for an empty prompt, after ``<eos>``.

    It is a line end if the training text was one document, so that the model never saw how one begins; else
    nothing.
    """
    knows_start = tokenizer.ends_lines or bool(data_info.get("eos", 1))
    line_end = tokenizer.encode("\n")
    use_line_end = not knows_start and len(line_end) == 1 and line_end[0] != UNK_ID
    return line_end if use_line_end else np.empty(0, np.int64)
