"""Numbers for the words or characters of a corpus that comes already cut into them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from unrolled.reading import convert
from unrolled.text.tokenizer import EOS, UNK, UNK_ID, Ids


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    items: list[str]
    lowercase: bool


class Vocabulary:
    """Items in the order of their numbers; 0 is ``<eos>`` (and padding), 1 is ``<unk>``.

    Args:
        items: all but those two.
        lowercase: look items up in lower case.
    """

    def __init__(self, items: Sequence[str], *, lowercase: bool = False) -> None:
        if len({*items, EOS, UNK}) != len(items) + 2 or not all(isinstance(i, str) for i in items):
            raise ValueError("a vocabulary must hold distinct items, <eos> and <unk> not among them")
        self.items, self.lowercase = [EOS, UNK, *items], lowercase
        self._numbers = {item: number for number, item in enumerate(self.items)}

    def __repr__(self) -> str:
        return f"Vocabulary({len(self.items):,} items)"

    @classmethod
    def learn(
        cls, items: Iterable[str], *, min_frequency: int = 1, size: int = 0, lowercase: bool = False
    ) -> "Vocabulary":
        """Take what occurs at least ``min_frequency`` times, the ``size`` − 2 most frequent (0: all)."""
        counts = Counter(item.lower() if lowercase else item for item in items)
        kept = [(i, n) for i, n in counts.items() if n >= min_frequency and i not in (EOS, UNK)]
        kept.sort(key=lambda pair: (-pair[1], pair[0]))
        names = [item for item, _ in kept]
        return cls(names[: size - 2] if size else names, lowercase=lowercase)

    def __len__(self) -> int:
        return len(self.items)

    def numbers(self, items: Iterable[str]) -> Ids:
        """Return the number of each item; what is not known is ``<unk>``."""
        lookup = self._numbers.get
        found = [lookup(i.lower() if self.lowercase else i, UNK_ID) for i in items]
        return np.array(found, dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return everything that :meth:`from_json` needs."""
        return {"items": self.items[2:], "lowercase": self.lowercase}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Vocabulary":
        """Rebuild from :meth:`to_json`; raises ValueError if it is damaged."""
        stored = convert(values, _Stored)
        return cls(stored.items, lowercase=stored.lowercase)
