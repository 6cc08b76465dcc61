"""How a language model reads and writes text, as its web page must know it."""

from dataclasses import dataclass
from typing import Any

from unrolled.errors import ExportError
from unrolled.text.tokenizer import Tokenizer

KINDS = ("char", "word")
"""Tokenisers whose text the page can split; others need their own code in the browser."""
TITLE = "Language model"


@dataclass(frozen=True)
class PageText:
    """How a language model reads and writes text.

    Raises:
        ExportError: if the page has no code for the tokeniser.
    """

    tokenizer: Tokenizer
    start: tuple[int, ...] = ()
    """Tokens that are read for an empty text, after ``<eos>``."""
    separate: bool = False
    """The state begins anew after every ``<eos>``."""
    title: str = TITLE

    def __post_init__(self) -> None:
        obstacle = find_obstacle(self.tokenizer)
        if obstacle:
            raise ExportError(f"{obstacle}; leave tokens out")

    def data(self) -> dict[str, Any]:
        """Return what the scripts of the page read."""
        stored = self.tokenizer.to_json()
        return {
            "kind": self.tokenizer.kind,
            "tokens": self.tokenizer.tokens,
            "lowercase": stored["lowercase"],
            "split": stored.get("split_punctuation", False),
            "start": list(self.start),
            "separate": self.separate,
        }


def find_obstacle(tokenizer: Tokenizer) -> str:
    """Return why the page cannot use a tokeniser; empty if it can."""
    if tokenizer.kind in KINDS:
        return ""
    known = " and ".join(KINDS)
    return f"the web page cannot split text as the tokeniser {tokenizer.kind!r} does: it knows {known}"
